"""Resting pulse to cleaned Parquet as bare DuckDB does it: one COPY with reject tables on.

Arguments: the folder of CSV files, the file to write. Prints one line of JSON. Nothing is hashed, uploaded or checked
beyond types, range and category; rejected rows are in a table that ends with the process.
"""

import json
import sys
import time

import duckdb

begun = time.perf_counter()
connection = duckdb.connect()
connection.execute(
    f"""
    COPY (
      SELECT * FROM read_csv('{sys.argv[1]}/*.csv', header = true, auto_detect = false, delim = ',', quote = '"',
        columns = {{'datetime': 'DATE', 'pulse': 'DOUBLE', 'category': 'VARCHAR', 'ts_number': 'VARCHAR'}},
        store_rejects = true, rejects_limit = 0)
      WHERE pulse BETWEEN 20 AND 250 AND category IN ('pro_athlete', 'athlete', 'non_athlete')
    ) TO '{sys.argv[2]}' (FORMAT parquet, COMPRESSION zstd)
    """
)
seconds = time.perf_counter() - begun
rows = connection.execute(f"SELECT count(*) FROM read_parquet('{sys.argv[2]}')").fetchone()[0]
print(json.dumps({"seconds": seconds, "rows": rows}))
