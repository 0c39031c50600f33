"""A Prefect flow of empty tasks, on the server that Prefect starts by itself: steps_prefect.py STEPS FLOWS

Prints one line of JSON with the milliseconds of each flow; the first, which starts the server, is not counted.
"""

import json
import sys
import time

from prefect import flow, task

steps, flows = int(sys.argv[1]), int(sys.argv[2])


@task
def empty_step(done):
    return done + 1


@flow
def empty_pipeline():
    done = 0
    while done < steps:
        done = empty_step(done)
    return done


empty_pipeline()
flow_ms = []
for _ in range(flows):
    begun = time.perf_counter()
    assert empty_pipeline() == steps
    flow_ms.append((time.perf_counter() - begun) * 1000)
print(json.dumps({"flowMs": flow_ms}))
