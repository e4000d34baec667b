"""Texts read off pictures: convolutions, recurrent nets both ways, and the CTC loss in a Lambda."""

import itertools
import os

import numpy as np
from scipy import ndimage

import keras.callbacks
from keras import backend as K
from keras.layers import Activation, Dense, Input, Lambda, Reshape
from keras.layers.convolutional import Conv2D, MaxPooling2D
from keras.layers.merge import add, concatenate
from keras.layers.recurrent import GRU
from keras.models import Model
from keras.optimizers import SGD

OUTPUT_DIR = "image_ocr"
ALPHABET = "abc "
MAX_LEN = 4
np.random.seed(55)


def paint_text(text, w, h):
    img = np.zeros((h, w))
    for k, c in enumerate(text):
        row = 1 + 5 * ALPHABET.find(c)
        img[row : row + 4, 8 + 10 * k : 16 + 10 * k] = 1
    noise = ndimage.gaussian_filter(np.random.randn(h, w) * 0.2, 1)
    return np.expand_dims(np.clip(img + noise, 0, 1), 0)


def text_to_labels(text):
    return [ALPHABET.find(c) for c in text]


def labels_to_text(labels):
    return "".join("" if c == len(ALPHABET) else ALPHABET[c] for c in labels)


class TextImages(keras.callbacks.Callback):
    """A callback that makes its words when the training begins, and generators of batches."""

    def __init__(self, minibatch_size, img_w, img_h, downsample_factor, val_split):
        self.minibatch_size = minibatch_size
        self.img_w, self.img_h = img_w, img_h
        self.downsample_factor = downsample_factor
        self.val_split = val_split
        self.blank_label = self.get_output_size() - 1

    def get_output_size(self):
        return len(ALPHABET) + 1

    def build_word_list(self, num_words, max_string_len):
        self.num_words = num_words
        self.Y_data = np.ones([num_words, MAX_LEN]) * -1
        self.X_text, self.Y_len = [], []
        for i in range(num_words):
            word = "".join(np.random.choice(list("abc"), np.random.randint(1, max_string_len + 1)))
            self.X_text.append(word)
            self.Y_len.append(len(word))
            self.Y_data[i, 0 : len(word)] = text_to_labels(word)
        self.Y_len = np.expand_dims(np.array(self.Y_len), 1)
        self.cur_train_index, self.cur_val_index = 0, self.val_split

    def get_batch(self, index, size, train):
        if K.image_data_format() == "channels_first":
            X_data = np.ones([size, 1, self.img_w, self.img_h])
        else:
            X_data = np.ones([size, self.img_w, self.img_h, 1])
        labels = np.ones([size, MAX_LEN])
        input_length = np.zeros([size, 1])
        label_length = np.zeros([size, 1])
        source_str = []
        for i in range(size):
            empty = train and i > size - 2  # a picture of nothing
            text = "" if empty else self.X_text[index + i]
            X_data[i, 0 : self.img_w, :, 0] = self.paint_func(text)[0, :, :].T
            if empty:
                labels[i, 0], label_length[i] = self.blank_label, 1
            else:
                labels[i, :], label_length[i] = self.Y_data[index + i], self.Y_len[index + i]
            input_length[i] = self.img_w // self.downsample_factor - 2
            source_str.append(text)
        inputs = {
            "the_input": X_data,
            "the_labels": labels,
            "input_length": input_length,
            "label_length": label_length,
            "source_str": source_str,  # used for visualization only
        }
        outputs = {"ctc": np.zeros([size])}  # dummy data for dummy loss function
        return (inputs, outputs)

    def next_train(self):
        while 1:
            ret = self.get_batch(self.cur_train_index, self.minibatch_size, train=True)
            self.cur_train_index += self.minibatch_size
            if self.cur_train_index >= self.val_split:
                self.cur_train_index = 0
            yield ret

    def next_val(self):
        while 1:
            ret = self.get_batch(self.cur_val_index, self.minibatch_size, train=False)
            self.cur_val_index += self.minibatch_size
            if self.cur_val_index >= self.num_words:
                self.cur_val_index = self.val_split
            yield ret

    def on_train_begin(self, logs={}):
        self.build_word_list(80, 2)
        self.paint_func = lambda text: paint_text(text, self.img_w, self.img_h)

    def on_epoch_begin(self, epoch, logs={}):
        if epoch == 3:
            self.build_word_list(80, 3)


def ctc_lambda_func(args):
    y_pred, labels, input_length, label_length = args
    # the first outputs of the RNN tend to be garbage
    y_pred = y_pred[:, 2:, :]
    return K.ctc_batch_cost(labels, y_pred, input_length, label_length)


def decode_batch(test_func, word_batch):
    out = test_func([word_batch])[0]
    best = [[k for k, g in itertools.groupby(np.argmax(o[2:], 1))] for o in out]
    return [labels_to_text(b) for b in best]


class VizCallback(keras.callbacks.Callback):
    def __init__(self, run_name, test_func, text_img_gen):
        self.test_func = test_func
        self.output_dir = os.path.join(OUTPUT_DIR, run_name)
        self.text_img_gen = text_img_gen
        self.right = []
        if not os.path.exists(self.output_dir):
            os.makedirs(self.output_dir)

    def on_epoch_end(self, epoch, logs={}):
        self.model.save_weights(os.path.join(self.output_dir, "weights%02d.h5" % epoch))
        word_batch = next(self.text_img_gen)[0]
        decoded = decode_batch(self.test_func, word_batch["the_input"])
        self.right.append(np.mean([d == s for d, s in zip(decoded, word_batch["source_str"])]))


def train(run_name, start_epoch, stop_epoch, img_w):
    img_h, pool_size, conv_filters, rnn_size, minibatch_size = 16, 2, 4, 12, 16
    words_per_epoch, val_words = 80, 16
    if K.image_data_format() == "channels_first":
        input_shape = (1, img_w, img_h)
    else:
        input_shape = (img_w, img_h, 1)
    img_gen = TextImages(minibatch_size, img_w, img_h, pool_size**2, words_per_epoch - val_words)

    input_data = Input(name="the_input", shape=input_shape, dtype="float32")
    inner = Conv2D(
        conv_filters,
        (3, 3),
        padding="same",
        activation="relu",
        kernel_initializer="he_normal",
        name="conv1",
    )(input_data)
    inner = MaxPooling2D(pool_size=(pool_size, pool_size), name="max1")(inner)
    inner = Conv2D(
        conv_filters,
        (3, 3),
        padding="same",
        activation="relu",
        kernel_initializer="he_normal",
        name="conv2",
    )(inner)
    inner = MaxPooling2D(pool_size=(pool_size, pool_size), name="max2")(inner)
    conv_to_rnn_dims = (img_w // (pool_size**2), (img_h // (pool_size**2)) * conv_filters)
    inner = Reshape(target_shape=conv_to_rnn_dims, name="reshape")(inner)
    inner = Dense(12, activation="relu", name="dense1")(inner)
    gru_1 = GRU(rnn_size, return_sequences=True, kernel_initializer="he_normal", name="gru1")(inner)
    gru_1b = GRU(
        rnn_size,
        return_sequences=True,
        go_backwards=True,
        kernel_initializer="he_normal",
        name="gru1_b",
    )(inner)
    gru1_merged = add([gru_1, gru_1b])
    gru_2 = GRU(rnn_size, return_sequences=True, name="gru2")(gru1_merged)
    gru_2b = GRU(rnn_size, return_sequences=True, go_backwards=True, name="gru2_b")(gru1_merged)
    inner = Dense(img_gen.get_output_size(), kernel_initializer="he_normal", name="dense2")(
        concatenate([gru_2, gru_2b])
    )
    y_pred = Activation("softmax", name="softmax")(inner)
    Model(inputs=input_data, outputs=y_pred).summary()

    labels = Input(name="the_labels", shape=[MAX_LEN], dtype="float32")
    input_length = Input(name="input_length", shape=[1], dtype="int64")
    label_length = Input(name="label_length", shape=[1], dtype="int64")
    # Keras doesn't currently support loss funcs with extra parameters
    # so CTC loss is implemented in a lambda layer
    loss_out = Lambda(ctc_lambda_func, output_shape=(1,), name="ctc")(
        [y_pred, labels, input_length, label_length]
    )
    sgd = SGD(lr=0.02, decay=1e-6, momentum=0.9, nesterov=True, clipnorm=5)
    model = Model(inputs=[input_data, labels, input_length, label_length], outputs=loss_out)
    # the loss calc occurs elsewhere, so use a dummy lambda func for the loss
    model.compile(loss={"ctc": lambda y_true, y_pred: y_pred}, optimizer=sgd)
    if start_epoch > 0:
        weight_file = os.path.join(
            OUTPUT_DIR, os.path.join(run_name, "weights%02d.h5" % (start_epoch - 1))
        )
        model.load_weights(weight_file)
    # captures output of softmax so we can decode the output during visualization
    test_func = K.function([input_data], [y_pred])
    viz_cb = VizCallback(run_name, test_func, img_gen.next_val())
    history = model.fit_generator(
        generator=img_gen.next_train(),
        steps_per_epoch=(words_per_epoch - val_words) // minibatch_size,
        epochs=stop_epoch,
        validation_data=img_gen.next_val(),
        validation_steps=val_words // minibatch_size,
        callbacks=[viz_cb, img_gen],
        initial_epoch=start_epoch,
    )
    # as many steps as there are columns, decoded by the backend as well
    word_batch = next(img_gen.next_val())[0]
    probabilities = test_func([word_batch["the_input"]])[0]
    steps = np.full(len(probabilities), probabilities.shape[1])
    paths, scores = K.ctc_decode(K.variable(probabilities), steps, greedy=True)
    assert K.eval(paths[0]).shape[0] == len(probabilities) and K.eval(scores).shape[1] == 1
    return history.history


first = train("run", 0, 4, 48)
assert len(first["loss"]) == len(first["val_loss"]) == 4
assert all(np.isfinite(first["loss"])) and first["loss"][2] < 0.8 * first["loss"][0], first["loss"]
# increase to wider images. The learned weights are reloaded
second = train("run", 4, 6, 64)
assert len(second["loss"]) == 2 and second["loss"][0] < first["loss"][0]
assert sorted(os.listdir(os.path.join(OUTPUT_DIR, "run")))[-1] == "weights05.h5"
