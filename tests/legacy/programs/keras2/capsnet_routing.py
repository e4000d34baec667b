"""A capsule network as its repositories wrote it: map_fn over routed capsules, Mask, Length, a margin loss."""

import argparse

import numpy as np
from keras import backend as K
from keras import callbacks, initializers, layers, models, optimizers
from keras.utils import to_categorical

K.set_image_data_format("channels_last")


class Length(layers.Layer):
    """Length of the vectors: the probability that a thing is there."""

    def call(self, inputs, **kwargs):
        return K.sqrt(K.sum(K.square(inputs), -1))

    def compute_output_shape(self, input_shape):
        return input_shape[:-1]


class Mask(layers.Layer):
    def call(self, inputs, **kwargs):
        if type(inputs) is list:  # true label is provided with shape = [None, n_classes]
            assert len(inputs) == 2
            inputs, mask = inputs
        else:
            x = K.sqrt(K.sum(K.square(inputs), -1))
            mask = (
                K.one_hot(indices=K.argmax(x, 1), num_classes=x.get_shape().as_list()[1])
                if hasattr(x, "get_shape")
                else K.one_hot(K.argmax(x, 1), K.int_shape(x)[1])
            )
        masked = K.batch_flatten(inputs * K.expand_dims(mask, -1))
        return masked

    def compute_output_shape(self, input_shape):
        if type(input_shape[0]) is tuple:
            return tuple([None, input_shape[0][1] * input_shape[0][2]])
        else:
            return tuple([None, input_shape[1] * input_shape[2]])


def squash(vectors, axis=-1):
    s_squared_norm = K.sum(K.square(vectors), axis, keepdims=True)
    scale = s_squared_norm / (1 + s_squared_norm) / K.sqrt(s_squared_norm + K.epsilon())
    return scale * vectors


class CapsuleLayer(layers.Layer):
    def __init__(
        self, num_capsule, dim_capsule, routings=3, kernel_initializer="glorot_uniform", **kwargs
    ):
        super(CapsuleLayer, self).__init__(**kwargs)
        self.num_capsule = num_capsule
        self.dim_capsule = dim_capsule
        self.routings = routings
        self.kernel_initializer = initializers.get(kernel_initializer)

    def build(self, input_shape):
        assert len(input_shape) >= 3
        self.input_num_capsule = input_shape[1]
        self.input_dim_capsule = input_shape[2]
        self.W = self.add_weight(
            shape=[
                self.num_capsule,
                self.input_num_capsule,
                self.dim_capsule,
                self.input_dim_capsule,
            ],
            initializer=self.kernel_initializer,
            name="W",
        )
        self.built = True

    def call(self, inputs, training=None):
        inputs_expand = K.expand_dims(inputs, 1)
        inputs_tiled = K.tile(inputs_expand, [1, self.num_capsule, 1, 1])
        inputs_hat = K.map_fn(lambda x: K.batch_dot(x, self.W, [2, 3]), elems=inputs_tiled)
        b = K.zeros(shape=[K.shape(inputs_hat)[0], self.num_capsule, self.input_num_capsule])
        assert self.routings > 0, "The routings should be > 0."
        for i in range(self.routings):
            c = K.softmax(b, axis=1)
            outputs = squash(K.batch_dot(c, inputs_hat, [2, 2]))
            if i < self.routings - 1:
                b += K.batch_dot(outputs, inputs_hat, [2, 3])
        return outputs

    def compute_output_shape(self, input_shape):
        return tuple([None, self.num_capsule, self.dim_capsule])

    def get_config(self):
        config = {
            "num_capsule": self.num_capsule,
            "dim_capsule": self.dim_capsule,
            "routings": self.routings,
        }
        base_config = super(CapsuleLayer, self).get_config()
        return dict(list(base_config.items()) + list(config.items()))


def PrimaryCap(inputs, dim_capsule, n_channels, kernel_size, strides, padding):
    output = layers.Conv2D(
        filters=dim_capsule * n_channels,
        kernel_size=kernel_size,
        strides=strides,
        padding=padding,
        name="primarycap_conv2d",
    )(inputs)
    outputs = layers.Reshape(target_shape=[-1, dim_capsule], name="primarycap_reshape")(output)
    return layers.Lambda(squash, name="primarycap_squash")(outputs)


def CapsNet(input_shape, n_class, routings):
    x = layers.Input(shape=input_shape)
    conv1 = layers.Conv2D(
        filters=8, kernel_size=3, strides=1, padding="valid", activation="relu", name="conv1"
    )(x)
    primarycaps = PrimaryCap(
        conv1, dim_capsule=4, n_channels=2, kernel_size=3, strides=2, padding="valid"
    )
    digitcaps = CapsuleLayer(
        num_capsule=n_class, dim_capsule=6, routings=routings, name="digitcaps"
    )(primarycaps)
    out_caps = Length(name="capsnet")(digitcaps)

    y = layers.Input(shape=(n_class,))
    masked_by_y = Mask()([digitcaps, y])
    masked = Mask()(digitcaps)

    decoder = models.Sequential(name="decoder")
    decoder.add(layers.Dense(16, activation="relu", input_dim=6 * n_class))
    decoder.add(layers.Dense(np.prod(input_shape), activation="sigmoid"))
    decoder.add(layers.Reshape(target_shape=input_shape, name="out_recon"))

    train_model = models.Model([x, y], [out_caps, decoder(masked_by_y)])
    eval_model = models.Model(x, [out_caps, decoder(masked)])

    noise = layers.Input(shape=(n_class, 6))
    noised_digitcaps = layers.Add()([digitcaps, noise])
    masked_noised_y = Mask()([noised_digitcaps, y])
    manipulate_model = models.Model([x, y, noise], decoder(masked_noised_y))
    return train_model, eval_model, manipulate_model


def margin_loss(y_true, y_pred):
    L = y_true * K.square(K.maximum(0.0, 0.9 - y_pred)) + 0.5 * (1 - y_true) * K.square(
        K.maximum(0.0, y_pred - 0.1)
    )
    return K.mean(K.sum(L, 1))


def train(model, data, args):
    (x_train, y_train), (x_test, y_test) = data
    log = callbacks.CSVLogger(args.save_dir + "/log.csv")
    checkpoint = callbacks.ModelCheckpoint(
        args.save_dir + "/weights-{epoch:02d}.h5",
        monitor="val_capsnet_acc",
        save_best_only=True,
        save_weights_only=True,
        verbose=1,
    )
    lr_decay = callbacks.LearningRateScheduler(
        schedule=lambda epoch: args.lr * (args.lr_decay**epoch)
    )
    model.compile(
        optimizer=optimizers.Adam(lr=args.lr),
        loss=[margin_loss, "mse"],
        loss_weights=[1.0, args.lam_recon],
        metrics={"capsnet": "accuracy"},
    )

    def train_generator(x, y, batch_size):
        while 1:
            order = np.random.permutation(len(x))
            for i in range(0, len(x) - batch_size + 1, batch_size):
                rows = order[i : i + batch_size]
                yield ([x[rows], y[rows]], [y[rows], x[rows]])

    history = model.fit_generator(
        generator=train_generator(x_train, y_train, args.batch_size),
        steps_per_epoch=int(y_train.shape[0] / args.batch_size),
        epochs=args.epochs,
        validation_data=[[x_test, y_test], [y_test, x_test]],
        callbacks=[log, checkpoint, lr_decay],
    )
    model.save_weights(args.save_dir + "/trained_model.h5")
    return history


def load_pictures(n):
    np.random.seed(3)
    y = np.random.randint(0, 3, n)
    x = np.random.uniform(0, 0.2, (n, 10, 10, 1)).astype("float32")
    for picture, label in zip(x, y):
        picture[1 + 3 * label : 3 + 3 * label, 2:8] = 1.0
    return x, to_categorical(y.astype("float32"))


parser = argparse.ArgumentParser(description="Capsule Network.")
parser.add_argument("--epochs", default=6, type=int)
parser.add_argument("--batch_size", default=16, type=int)
parser.add_argument("--lr", default=0.01, type=float)
parser.add_argument("--lr_decay", default=0.9, type=float)
parser.add_argument("--lam_recon", default=0.392, type=float)
parser.add_argument("-r", "--routings", default=2, type=int)
parser.add_argument("--save_dir", default=".")
args = parser.parse_args()

x_all, y_all = load_pictures(96)
data = (x_all[:64], y_all[:64]), (x_all[64:], y_all[64:])
model, eval_model, manipulate_model = CapsNet(
    x_all.shape[1:], len(np.unique(np.argmax(y_all, 1))), args.routings
)
model.summary()
history = train(model, data, args)

y_pred, x_recon = eval_model.predict(data[1][0], batch_size=32)
accuracy = np.sum(np.argmax(y_pred, 1) == np.argmax(data[1][1], 1)) / float(len(y_pred))
print("Test acc:", accuracy)
noise = np.zeros([32, 3, 6])
manipulated = manipulate_model.predict([data[1][0], data[1][1], noise])
weights = [w.copy() for w in model.get_weights()]
model.load_weights("trained_model.h5")

assert accuracy > 0.8, accuracy
assert history.history["loss"][-1] < history.history["loss"][0]
assert x_recon.shape == manipulated.shape == (32, 10, 10, 1)
assert model.get_layer("digitcaps").output_shape == (None, 3, 6)
assert all(np.allclose(a, b) for a, b in zip(weights, model.get_weights()))
