"""Resting pulse to cleaned Parquet with PySpark: read with a schema, drop bad rows, write.

Arguments: the folder of CSV files, the folder to write. Prints one line of JSON. The session's start is not counted.
Gets what a plain user would not give it: an explicit schema and 6 GB for the driver.
"""

import json
import os
import sys
import time

os.environ["PYSPARK_PYTHON"] = sys.executable

from pyspark.sql import SparkSession
from pyspark.sql import functions as f

spark = SparkSession.builder.master("local[2]").config("spark.driver.memory", "6g").config("spark.ui.enabled", "false").getOrCreate()
spark.sparkContext.setLogLevel("ERROR")
begun = time.perf_counter()
rows = spark.read.csv(sys.argv[1], header=True, mode="DROPMALFORMED", schema="datetime DATE, pulse DOUBLE, category STRING, ts_number STRING")
rows = rows.where(f.col("pulse").between(20, 250) & f.col("category").isin("pro_athlete", "athlete", "non_athlete"))
rows.write.option("compression", "zstd").parquet(sys.argv[2])
seconds = time.perf_counter() - begun
written = spark.read.parquet(sys.argv[2]).count()
spark.stop()
print(json.dumps({"seconds": seconds, "rows": written}))
