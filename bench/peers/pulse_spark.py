"""Resting pulse with PySpark: read, one row of features a person, logistic regression, metrics.

Arguments: the folder of CSV files, the number of shuffle partitions (0 leaves Spark's own). Prints one line of JSON.
Gets what a plain user would not give it: an explicit schema, a cached table of features, 6 GB for the driver.
"""

import json
import os
import sys
import time

os.environ["PYSPARK_PYTHON"] = sys.executable
begun = time.perf_counter()

from pyspark.ml.classification import LogisticRegression
from pyspark.ml.evaluation import MulticlassClassificationEvaluator
from pyspark.ml.feature import StringIndexer, VectorAssembler
from pyspark.sql import SparkSession
from pyspark.sql import functions as f

folder, partitions = sys.argv[1], int(sys.argv[2])
builder = SparkSession.builder.master("local[2]").config("spark.driver.memory", "6g").config("spark.ui.enabled", "false")
if partitions > 0:
    builder = builder.config("spark.sql.shuffle.partitions", partitions)
spark = builder.getOrCreate()
spark.sparkContext.setLogLevel("ERROR")

rows = spark.read.csv(folder, header=True, schema="datetime DATE, pulse DOUBLE, category STRING, ts_number STRING")
people = (
    rows.where(f.col("pulse").between(20, 250))
    .groupBy("ts_number", "category")
    .agg(
        f.mean("pulse").alias("mean"),
        f.stddev("pulse").alias("sd"),
        f.min("pulse").alias("min"),
        f.percentile_approx("pulse", [0.25, 0.5, 0.75]).alias("quartiles"),
        f.max("pulse").alias("max"),
    )
    .selectExpr("ts_number", "category", "mean", "sd", "min", "quartiles[0] q1", "quartiles[1] q2", "quartiles[2] q3", "max")
)
people = StringIndexer(inputCol="category", outputCol="label").fit(people).transform(people)
names = ["mean", "sd", "min", "q1", "q2", "q3", "max"]
people = VectorAssembler(inputCols=names, outputCol="features").transform(people).select("features", "label").cache()
train, test = people.randomSplit([0.7, 0.3], seed=12345)
model = LogisticRegression(maxIter=100).fit(train)
predicted = model.transform(test).cache()
accuracy = MulticlassClassificationEvaluator(metricName="accuracy").evaluate(predicted)
f1 = MulticlassClassificationEvaluator(metricName="weightedFMeasure").evaluate(predicted)
tested = predicted.count()
spark.stop()
print(json.dumps({"accuracy": accuracy, "weightedF1": f1, "tested": tested, "seconds": time.perf_counter() - begun}))
