"""The networks of bench/population.ts in Keras: a population one after another, and one MLP for long.

Arguments: files of float32 features [windows, 183], float32 signals [windows, 128, 9] and int32 labels; `plain` is compile
and fit as users write them, `tuned` is without XLA and with 32 steps an execution, the best of four settings tried; and the
plan as JSON: mlps, cnns, epochs, batch, oneBatch, oneEpochs (two numbers of epochs, of whose times the difference counts).
Prints one line of JSON; loading Keras and reading is left out of all times.
"""

import json
import os
import sys
import time

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow
from keras import layers

FEATURES, SAMPLES, CHANNELS, CLASSES = 183, 128, 9, 6
features_path, signals_path, labels_path, mode, plan = sys.argv[1:6]
plan = json.loads(plan)
features = np.fromfile(features_path, np.float32).reshape(-1, FEATURES)
signals = np.fromfile(signals_path, np.float32).reshape(-1, SAMPLES, CHANNELS)
labels = np.fromfile(labels_path, np.int32)
setting = {"plain": {}, "tuned": {"jit_compile": False, "steps_per_execution": 32}}[mode]


def compiled(model, optimizer):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"], **setting)
    return model


def mlp(seed):
    keras.utils.set_random_seed(seed)
    stack = [keras.Input((FEATURES,))]
    for units in (150, 150, 100):
        stack += [layers.Dense(units, activation="tanh"), layers.Dropout(0.5)]
    model = keras.Sequential([*stack, layers.Dense(CLASSES)])
    return compiled(model, keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True))


def cnn(seed):
    keras.utils.set_random_seed(seed)
    given = keras.Input((SAMPLES, CHANNELS))
    # Begun as ours are, so that the losses can be compared.
    convolution = {"padding": "same", "activation": "relu", "kernel_initializer": "he_normal"}
    values = layers.Conv1D(64, 5, **convolution)(given)
    values = layers.Conv1D(64, 5, **convolution)(values)
    pooled = layers.Concatenate()([layers.GlobalAveragePooling1D()(values), layers.GlobalMaxPooling1D()(values)])
    return compiled(keras.Model(given, layers.Dense(CLASSES)(pooled)), keras.optimizers.Adam(1e-3))


def population(make, count, values):
    begun = time.perf_counter()
    losses = []
    for seed in range(count):
        history = make(seed).fit(values, labels, batch_size=plan["batch"], epochs=plan["epochs"], verbose=0)
        losses.append(history.history["loss"][-1])
    return {"seconds": time.perf_counter() - begun, "loss": float(np.mean(losses)) if losses else 0}


def alone(epochs):
    begun = time.perf_counter()
    mlp(1).fit(features, labels, batch_size=plan["oneBatch"], epochs=epochs, verbose=0)
    return time.perf_counter() - begun


tensorflow.matmul(tensorflow.ones((64, 64)), tensorflow.ones((64, 64)))
mlps = population(mlp, plan["mlps"], features)
cnns = population(cnn, plan["cnns"], signals)
few, many = plan["oneEpochs"]
seconds = alone(many) - alone(few)
print(
    json.dumps(
        {
            "mlps": mlps,
            "cnns": cnns,
            "rowsPerSecond": (many - few) * len(labels) / seconds,
            "keras": keras.__version__,
            "tensorflow": tensorflow.__version__,
        }
    )
)
