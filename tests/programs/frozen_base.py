"""A convolutional base trained before: its features first, then frozen under a new head, then tuned."""

import numpy as np

from keras import models
from keras import layers
from keras import optimizers

SIZE = 32
rng = np.random.RandomState(11)
labels = rng.randint(0, 2, size=80).astype("float32")
images = rng.random_sample((80, SIZE, SIZE, 3)).astype("float32") * 0.5
images[labels == 1, :, SIZE // 2 :] += 0.5

conv_base_model = models.Sequential(name="small_base")
for block, filters in enumerate((4, 8, 8), start=1):
    if block == 1:
        conv = layers.Conv2D(
            filters, 3, activation="relu", name="block1_conv1", input_shape=(SIZE, SIZE, 3)
        )
    else:
        conv = layers.Conv2D(filters, 3, activation="relu", name=f"block{block}_conv1")
    conv_base_model.add(conv)
    conv_base_model.add(layers.MaxPooling2D((2, 2), name=f"block{block}_pool"))
conv_base_model.summary()
features_shape = conv_base_model.output_shape[1:]


def extract_features(sample_count, batch_size=20):
    features = np.zeros(shape=(sample_count,) + features_shape)
    targets = np.zeros(shape=(sample_count))
    i = 0
    for start in range(0, len(images), batch_size):
        inputs_batch = images[start : start + batch_size]
        features_batch = conv_base_model.predict(inputs_batch, verbose=0)
        features[i * batch_size : (i + 1) * batch_size] = features_batch
        targets[i * batch_size : (i + 1) * batch_size] = labels[start : start + batch_size]
        i += 1
        if i * batch_size >= sample_count:
            break
    return features, targets


width = int(np.prod(features_shape))
train_features, train_labels = extract_features(60)
train_features = np.reshape(train_features, (60, width))
model = models.Sequential()
model.add(layers.Dense(256, activation="relu", input_dim=width))
model.add(layers.Dropout(0.5))
model.add(layers.Dense(1, activation="sigmoid"))
model.compile(optimizer=optimizers.RMSprop(lr=2e-3), loss="binary_crossentropy", metrics=["acc"])
on_features = model.fit(
    train_features,
    train_labels,
    epochs=5,
    batch_size=20,
    validation_data=(train_features[:20], train_labels[:20]),
)

# The base as a layer below a new head, frozen.
model = models.Sequential()
model.add(conv_base_model)
model.add(layers.Flatten())
model.add(layers.Dense(16, activation="relu"))
model.add(layers.Dense(1, activation="sigmoid"))
model.summary()
trainable_before = len(model.trainable_weights)
conv_base_model.trainable = False
trainable_after = len(model.trainable_weights)
base_before = conv_base_model.get_weights()
model.compile(loss="binary_crossentropy", optimizer=optimizers.RMSprop(lr=2e-3), metrics=["acc"])
frozen = model.fit(images, labels, epochs=3, batch_size=20, verbose=2)
base_frozen = conv_base_model.get_weights()

# The last block thawed, the others kept as they are.
conv_base_model.trainable = True
set_trainable = False
for layer in conv_base_model.layers:
    if layer.name == "block3_conv1":
        set_trainable = True
    if set_trainable:
        layer.trainable = True
    else:
        layer.trainable = False
model.compile(loss="binary_crossentropy", optimizer=optimizers.RMSprop(lr=1e-3), metrics=["acc"])
tuned = model.fit(images, labels, epochs=3, batch_size=20, verbose=2)
base_tuned = conv_base_model.get_weights()
model.save("small_tuned.model.hdf5")
