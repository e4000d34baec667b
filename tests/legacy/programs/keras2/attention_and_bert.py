"""Layers of repositories for texts: three kinds of attention, a CRF, layers in the manner of keras-bert."""

import math
import warnings

import numpy as np
from keras import backend as K
from keras import activations, constraints, initializers, regularizers
from keras.engine.topology import Layer
import keras
from keras.layers import (
    Bidirectional,
    Dense,
    Dropout,
    Embedding,
    Input,
    LSTM,
    Lambda,
    TimeDistributed,
)
from keras.models import Model, Sequential, load_model
from keras.utils.generic_utils import get_custom_objects, CustomObjectScope


warnings.filterwarnings("ignore")


def dot_product(x, kernel):
    if K.backend() == "tensorflow":
        return K.squeeze(K.dot(x, K.expand_dims(kernel)), axis=-1)
    else:
        return K.dot(x, kernel)


class AttentionWithContext(Layer):
    def __init__(
        self,
        W_regularizer=None,
        u_regularizer=None,
        b_regularizer=None,
        W_constraint=None,
        u_constraint=None,
        b_constraint=None,
        bias=True,
        **kwargs,
    ):
        self.supports_masking = True
        self.init = initializers.get("glorot_uniform")
        self.W_regularizer = regularizers.get(W_regularizer)
        self.u_regularizer = regularizers.get(u_regularizer)
        self.b_regularizer = regularizers.get(b_regularizer)
        self.W_constraint = constraints.get(W_constraint)
        self.u_constraint = constraints.get(u_constraint)
        self.b_constraint = constraints.get(b_constraint)
        self.bias = bias
        super(AttentionWithContext, self).__init__(**kwargs)

    def build(self, input_shape):
        assert len(input_shape) == 3
        self.W = self.add_weight(
            (
                input_shape[-1],
                input_shape[-1],
            ),
            initializer=self.init,
            name="{}_W".format(self.name),
            regularizer=self.W_regularizer,
            constraint=self.W_constraint,
        )
        if self.bias:
            self.b = self.add_weight(
                (input_shape[-1],),
                initializer="zero",
                name="{}_b".format(self.name),
                regularizer=self.b_regularizer,
                constraint=self.b_constraint,
            )
        self.u = self.add_weight(
            (input_shape[-1],),
            initializer=self.init,
            name="{}_u".format(self.name),
            regularizer=self.u_regularizer,
            constraint=self.u_constraint,
        )
        super(AttentionWithContext, self).build(input_shape)

    def compute_mask(self, input, input_mask=None):
        # do not pass the mask to the next layers
        return None

    def call(self, x, mask=None):
        uit = dot_product(x, self.W) if False else K.dot(x, self.W)
        if self.bias:
            uit += self.b
        uit = K.tanh(uit)
        ait = dot_product(uit, self.u)
        a = K.exp(ait)
        if mask is not None:
            a *= K.cast(mask, K.floatx())
        a /= K.cast(K.sum(a, axis=1, keepdims=True) + K.epsilon(), K.floatx())
        a = K.expand_dims(a)
        weighted_input = x * a
        return K.sum(weighted_input, axis=1)

    def compute_output_shape(self, input_shape):
        return input_shape[0], input_shape[-1]


class AttLayer(Layer):
    def __init__(self, attention_dim, **kwargs):
        self.init = initializers.get("normal")
        self.supports_masking = True
        self.attention_dim = attention_dim
        super(AttLayer, self).__init__(**kwargs)

    def build(self, input_shape):
        assert len(input_shape) == 3
        self.W = K.variable(self.init((input_shape[-1], self.attention_dim)), name="W")
        self.b = K.variable(self.init((self.attention_dim,)), name="b")
        self.u = K.variable(self.init((self.attention_dim, 1)), name="u")
        self.trainable_weights = [self.W, self.b, self.u]
        super(AttLayer, self).build(input_shape)

    def compute_mask(self, inputs, mask=None):
        return None

    def call(self, x, mask=None):
        uit = K.tanh(K.bias_add(K.dot(x, self.W), self.b))
        ait = K.squeeze(K.dot(uit, self.u), -1)
        ait = K.exp(ait)
        if mask is not None:
            ait *= K.cast(mask, K.floatx())
        ait /= K.cast(K.sum(ait, axis=1, keepdims=True) + K.epsilon(), K.floatx())
        return K.sum(x * K.expand_dims(ait), axis=1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[-1])


class SeqSelfAttention(keras.layers.Layer):
    def __init__(
        self,
        units=8,
        attention_width=None,
        history_only=False,
        attention_regularizer_weight=0.0,
        **kwargs,
    ):
        super(SeqSelfAttention, self).__init__(**kwargs)
        self.supports_masking = True
        self.units = units
        self.attention_width = attention_width
        self.attention_regularizer_weight = attention_regularizer_weight
        self.kernel_initializer = keras.initializers.get("glorot_normal")
        self.Wx, self.Wt, self.bh = None, None, None
        self.Wa, self.ba = None, None

    def get_config(self):
        config = {
            "units": self.units,
            "attention_width": self.attention_width,
            "attention_regularizer_weight": self.attention_regularizer_weight,
        }
        base_config = super(SeqSelfAttention, self).get_config()
        return dict(list(base_config.items()) + list(config.items()))

    def build(self, input_shape):
        feature_dim = int(input_shape[2])
        self.Wt = self.add_weight(
            shape=(feature_dim, self.units),
            name="{}_Add_Wt".format(self.name),
            initializer=self.kernel_initializer,
        )
        self.Wx = self.add_weight(
            shape=(feature_dim, self.units),
            name="{}_Add_Wx".format(self.name),
            initializer=self.kernel_initializer,
        )
        self.bh = self.add_weight(
            shape=(self.units,), name="{}_Add_bh".format(self.name), initializer="zeros"
        )
        self.Wa = self.add_weight(
            shape=(self.units, 1),
            name="{}_Add_Wa".format(self.name),
            initializer=self.kernel_initializer,
        )
        super(SeqSelfAttention, self).build(input_shape)

    def call(self, inputs, mask=None, **kwargs):
        input_len = K.shape(inputs)[1]
        e = self._call_additive_emission(inputs)
        e = K.exp(e - K.max(e, axis=-1, keepdims=True))
        if self.attention_width is not None:
            lower = K.arange(0, input_len) - self.attention_width // 2
            lower = K.expand_dims(lower, axis=-1)
            upper = lower + self.attention_width
            indices = K.expand_dims(K.arange(0, input_len), axis=0)
            e = e * K.cast(lower <= indices, K.floatx()) * K.cast(indices < upper, K.floatx())
        if mask is not None:
            mask = K.cast(mask, K.floatx())
            mask = K.expand_dims(mask)
            e = K.permute_dimensions(K.permute_dimensions(e * mask, (0, 2, 1)) * mask, (0, 2, 1))
        s = K.sum(e, axis=-1, keepdims=True)
        a = e / (s + K.epsilon())
        v = K.batch_dot(a, inputs)
        if self.attention_regularizer_weight > 0.0:
            self.add_loss(self._attention_regularizer(a))
        return v

    def _call_additive_emission(self, inputs):
        input_shape = K.shape(inputs)
        batch_size, input_len = input_shape[0], input_shape[1]
        q = K.expand_dims(K.dot(inputs, self.Wt), 2)
        k = K.expand_dims(K.dot(inputs, self.Wx), 1)
        h = K.tanh(q + k + self.bh)
        return K.reshape(K.dot(h, self.Wa), (batch_size, input_len, input_len))

    def _attention_regularizer(self, attention):
        batch_size = K.cast(K.shape(attention)[0], K.floatx())
        input_len = K.shape(attention)[-1]
        indices = K.expand_dims(K.arange(0, input_len), axis=0)
        diagonal = K.expand_dims(K.arange(0, input_len), axis=-1)
        eye = K.cast(K.equal(indices, diagonal), K.floatx())
        return (
            self.attention_regularizer_weight
            * K.sum(
                K.square(K.batch_dot(attention, K.permute_dimensions(attention, (0, 2, 1))) - eye)
            )
            / batch_size
        )

    @staticmethod
    def get_custom_objects():
        return {"SeqSelfAttention": SeqSelfAttention}

    def compute_mask(self, inputs, mask=None):
        return mask

    def compute_output_shape(self, input_shape):
        return input_shape


class CRF(Layer):
    """A linear-chain CRF: the layer passes its input through, its loss holds the transitions."""

    def __init__(self, ignore_last_label=False, **kwargs):
        self.ignore_last_label = 1 if ignore_last_label else 0
        super(CRF, self).__init__(**kwargs)

    def build(self, input_shape):
        self.num_labels = input_shape[-1] - self.ignore_last_label
        self.trans = self.add_weight(
            name="crf_trans",
            shape=(self.num_labels, self.num_labels),
            initializer="glorot_uniform",
            trainable=True,
        )

    def log_norm_step(self, inputs, states):
        states = K.expand_dims(states[0], 2)
        trans = K.expand_dims(self.trans, 0)
        output = K.logsumexp(states + trans, 1)
        return output + inputs, [output + inputs]

    def path_score(self, inputs, labels):
        point_score = K.sum(K.sum(inputs * labels, 2), 1, keepdims=True)
        labels1 = K.expand_dims(labels[:, :-1], 3)
        labels2 = K.expand_dims(labels[:, 1:], 2)
        labels = labels1 * labels2
        trans = K.expand_dims(K.expand_dims(self.trans, 0), 0)
        trans_score = K.sum(K.sum(trans * labels, [2, 3]), 1, keepdims=True)
        return point_score + trans_score

    def call(self, inputs):
        return inputs

    def loss(self, y_true, y_pred):
        mask = 1 - y_true[:, 1:, -1] if self.ignore_last_label else None
        y_true, y_pred = y_true[:, :, : self.num_labels], y_pred[:, :, : self.num_labels]
        init_states = [y_pred[:, 0]]
        log_norm, _, _ = K.rnn(self.log_norm_step, y_pred[:, 1:], init_states, mask=mask)
        log_norm = K.logsumexp(log_norm, 1, keepdims=True)
        return log_norm - self.path_score(y_pred, y_true)

    def accuracy(self, y_true, y_pred):
        mask = 1 - y_true[:, :, -1] if self.ignore_last_label else None
        y_true, y_pred = y_true[:, :, : self.num_labels], y_pred[:, :, : self.num_labels]
        isequal = K.equal(K.argmax(y_true, 2), K.argmax(y_pred, 2))
        isequal = K.cast(isequal, "float32")
        if mask is None:
            return K.mean(isequal)
        else:
            return K.sum(isequal * mask) / K.sum(mask)


def gelu(x):
    return 0.5 * x * (1.0 + K.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * K.pow(x, 3))))


get_custom_objects().update({"gelu_bert": gelu})


class TokenEmbedding(keras.layers.Embedding):
    """Embedding layer with weights returned."""

    def compute_output_shape(self, input_shape):
        return [
            super(TokenEmbedding, self).compute_output_shape(input_shape),
            (self.input_dim, self.output_dim),
        ]

    def compute_mask(self, inputs, mask=None):
        return [super(TokenEmbedding, self).compute_mask(inputs, mask), None]

    def call(self, inputs):
        return [super(TokenEmbedding, self).call(inputs), K.identity(self.embeddings)]


class PositionEmbedding(keras.layers.Layer):
    def __init__(self, input_dim, output_dim, **kwargs):
        self.input_dim, self.output_dim = input_dim, output_dim
        self.supports_masking = True
        super(PositionEmbedding, self).__init__(**kwargs)

    def get_config(self):
        config = {"input_dim": self.input_dim, "output_dim": self.output_dim}
        base_config = super(PositionEmbedding, self).get_config()
        return dict(list(base_config.items()) + list(config.items()))

    def build(self, input_shape):
        self.embeddings = self.add_weight(
            shape=(self.input_dim, self.output_dim), initializer="uniform", name="embeddings"
        )
        super(PositionEmbedding, self).build(input_shape)

    def compute_mask(self, inputs, mask=None):
        return mask

    def compute_output_shape(self, input_shape):
        return input_shape

    def call(self, inputs, **kwargs):
        input_shape = K.shape(inputs)
        batch_size, seq_len, output_dim = input_shape[0], input_shape[1], input_shape[2]
        pos_embeddings = K.tile(
            K.expand_dims(self.embeddings[:seq_len, :], axis=0), [batch_size, 1, 1]
        )
        return inputs + pos_embeddings


class LayerNormalization(keras.layers.Layer):
    def __init__(
        self,
        center=True,
        scale=True,
        epsilon=None,
        gamma_initializer="ones",
        beta_initializer="zeros",
        **kwargs,
    ):
        super(LayerNormalization, self).__init__(**kwargs)
        self.supports_masking = True
        self.center, self.scale = center, scale
        self.epsilon = K.epsilon() * K.epsilon() if epsilon is None else epsilon
        self.gamma_initializer = keras.initializers.get(gamma_initializer)
        self.beta_initializer = keras.initializers.get(beta_initializer)
        self.gamma, self.beta = None, None

    def get_config(self):
        config = {
            "center": self.center,
            "scale": self.scale,
            "epsilon": self.epsilon,
            "gamma_initializer": keras.initializers.serialize(self.gamma_initializer),
            "beta_initializer": keras.initializers.serialize(self.beta_initializer),
        }
        base_config = super(LayerNormalization, self).get_config()
        return dict(list(base_config.items()) + list(config.items()))

    def compute_output_shape(self, input_shape):
        return input_shape

    def compute_mask(self, inputs, input_mask=None):
        return input_mask

    def build(self, input_shape):
        self.input_spec = keras.engine.InputSpec(shape=input_shape)
        shape = input_shape[-1:]
        if self.scale:
            self.gamma = self.add_weight(
                shape=shape, initializer=self.gamma_initializer, name="gamma"
            )
        if self.center:
            self.beta = self.add_weight(shape=shape, initializer=self.beta_initializer, name="beta")
        super(LayerNormalization, self).build(input_shape)

    def call(self, inputs, training=None):
        mean = K.mean(inputs, axis=-1, keepdims=True)
        variance = K.mean(K.square(inputs - mean), axis=-1, keepdims=True)
        std = K.sqrt(variance + self.epsilon)
        outputs = (inputs - mean) / std
        if self.scale:
            outputs *= self.gamma
        if self.center:
            outputs += self.beta
        return outputs


class MultiHead(keras.layers.Layer):
    def __init__(self, head_num, **kwargs):
        self.supports_masking = True
        self.head_num = head_num
        super(MultiHead, self).__init__(**kwargs)

    def get_config(self):
        return dict(
            list(super(MultiHead, self).get_config().items()) + [("head_num", self.head_num)]
        )

    def compute_output_shape(self, input_shape):
        return input_shape

    def compute_mask(self, inputs, input_mask=None):
        return input_mask

    def build(self, input_shape):
        n = int(input_shape[-1])
        self.Wq, self.Wk, self.Wv, self.Wo = [
            self.add_weight(shape=(n, n), initializer="glorot_normal", name=self.name + "_" + part)
            for part in ("Wq", "Wk", "Wv", "Wo")
        ]
        super(MultiHead, self).build(input_shape)

    @staticmethod
    def _reshape_to_batches(x, head_num):
        input_shape = K.shape(x)
        batch_size, seq_len, feature_dim = input_shape[0], input_shape[1], input_shape[2]
        head_dim = feature_dim // head_num
        x = K.reshape(x, (batch_size, seq_len, head_num, head_dim))
        x = K.permute_dimensions(x, [0, 2, 1, 3])
        return K.reshape(x, (batch_size * head_num, seq_len, head_dim))

    @staticmethod
    def _reshape_from_batches(x, head_num):
        input_shape = K.shape(x)
        batch_size, seq_len, feature_dim = input_shape[0], input_shape[1], input_shape[2]
        x = K.reshape(x, (batch_size // head_num, head_num, seq_len, feature_dim))
        x = K.permute_dimensions(x, [0, 2, 1, 3])
        return K.reshape(x, (batch_size // head_num, seq_len, feature_dim * head_num))

    @staticmethod
    def _reshape_mask(mask, head_num):
        if mask is None:
            return mask
        seq_len = K.shape(mask)[1]
        mask = K.expand_dims(mask, axis=1)
        mask = K.tile(mask, [1, head_num, 1])
        return K.reshape(mask, (-1, seq_len))

    def call(self, inputs, mask=None):
        q, k, v = [
            self._reshape_to_batches(K.dot(inputs, w), self.head_num)
            for w in (self.Wq, self.Wk, self.Wv)
        ]
        mask = self._reshape_mask(mask, self.head_num)
        feature_dim = K.shape(q)[-1]
        e = K.batch_dot(q, k, axes=2) / K.sqrt(K.cast(feature_dim, dtype=K.floatx()))
        e = K.exp(e - K.max(e, axis=-1, keepdims=True))
        if mask is not None:
            e *= K.cast(K.expand_dims(mask, axis=-2), K.floatx())
        a = e / (K.sum(e, axis=-1, keepdims=True) + K.epsilon())
        y = self._reshape_from_batches(K.batch_dot(a, v), self.head_num)
        return K.dot(y, self.Wo)


class EmbeddingSimilarity(keras.layers.Layer):
    def build(self, input_shape):
        self.bias = self.add_weight(
            shape=(int(input_shape[1][0]),), initializer="zeros", name="bias"
        )
        super(EmbeddingSimilarity, self).build(input_shape)

    def compute_output_shape(self, input_shape):
        return input_shape[0][:2] + (input_shape[1][0],)

    def compute_mask(self, inputs, mask=None):
        return mask[0]

    def call(self, inputs, mask=None, **kwargs):
        inputs, embeddings = inputs
        outputs = K.bias_add(K.dot(inputs, K.transpose(embeddings)), self.bias)
        return keras.activations.softmax(outputs)


class Masked(keras.layers.Layer):
    """Generate output mask based on the given mask."""

    def __init__(self, return_masked=False, **kwargs):
        super(Masked, self).__init__(**kwargs)
        self.supports_masking = True
        self.return_masked = return_masked

    def compute_output_shape(self, input_shape):
        return input_shape[0]

    def compute_mask(self, inputs, mask=None):
        token_mask = K.not_equal(inputs[1], 0)
        return K.all(K.stack([token_mask, mask[0]], axis=0), axis=0)

    def call(self, inputs, mask=None, **kwargs):
        return inputs[0] + 0


np.random.seed(0)
x = np.random.randint(1, 20, (96, 8))
x[:, 6:] = np.where(np.arange(96)[:, None] % 2, 0, x[:, 6:])
y = (x[:, :4] > 10).sum(1) > 1

sequence = Input(shape=(8,), dtype="int32")
embedded = Embedding(20, 8, mask_zero=True)(sequence)
encoded = Bidirectional(LSTM(4, return_sequences=True))(embedded)
encoded = SeqSelfAttention(attention_width=5, attention_regularizer_weight=1e-3, name="self")(
    encoded
)
context = AttentionWithContext(W_regularizer=regularizers.l2(1e-4))(encoded)
other = AttLayer(6, name="att")(encoded)
preds = Dense(1, activation="sigmoid")(keras.layers.concatenate([context, other]))
model = Model(sequence, preds)
model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["acc"])
start = [K.get_value(w) for w in model.get_layer("att").trainable_weights]
history = model.fit(x, y, batch_size=16, epochs=3, verbose=0)
assert len(start) == 3 and not np.allclose(start[0], K.get_value(model.get_layer("att").W))
assert model.get_layer("self").output_shape == (None, 8, 8)
assert history.history["loss"][-1] < history.history["loss"][0]
custom = {"SeqSelfAttention": SeqSelfAttention, "AttentionWithContext": AttentionWithContext}
part = Model(sequence, context)
model.save_weights("attention.h5")
model.load_weights("attention.h5")

# Tags by a CRF.
tags = np.eye(3)[(x % 3)]
crf = CRF(name="crf")
tagger = Sequential()
tagger.add(Embedding(20, 8, input_length=8))
tagger.add(Bidirectional(LSTM(6, return_sequences=True)))
tagger.add(TimeDistributed(Dense(3)))
tagger.add(crf)
tagger.compile(loss=crf.loss, optimizer=keras.optimizers.Adam(0.02), metrics=[crf.accuracy])
h = tagger.fit(x, tags, batch_size=16, epochs=6, verbose=0).history
assert h["accuracy"][-1] > 0.9 and h["loss"][-1] < 0.5 * h["loss"][0], h
assert any(w is crf.trans for w in tagger.trainable_weights)

# A small BERT.
tokens, segments, marked = [
    Input(shape=(8,), name=n) for n in ("Input-Token", "Input-Segment", "Input-Masked")
]
embeddings, table = TokenEmbedding(
    input_dim=20, output_dim=8, mask_zero=True, name="Embedding-Token"
)(tokens)
embeddings = keras.layers.Add(name="Embedding-Token-Segment")(
    [embeddings, Embedding(input_dim=2, output_dim=8, name="Embedding-Segment")(segments)]
)
hidden = PositionEmbedding(8, 8, name="Embedding-Position")(embeddings)
hidden = LayerNormalization(name="Embedding-Norm")(hidden)
attended = keras.layers.Add()([hidden, Dropout(0.1)(MultiHead(2, name="Heads")(hidden))])
hidden = LayerNormalization(name="Heads-Norm")(attended)
hidden = LayerNormalization(name="FF-Norm")(
    keras.layers.Add()([hidden, Dense(8)(Dense(16, activation="gelu_bert")(hidden))])
)
decoded = EmbeddingSimilarity(name="MLM-Sim")([hidden, table])
masked = Masked(name="MLM")([decoded, marked])
pooled = Dense(8, activation="tanh", name="NSP-Dense")(
    Lambda(lambda v: v[:, 0], name="Extract")(hidden)
)
nsp = Dense(2, activation="softmax", name="NSP")(pooled)
bert = Model([tokens, segments, marked], [masked, nsp])
bert.compile(
    optimizer=keras.optimizers.Adam(lr=5e-3), loss=keras.losses.sparse_categorical_crossentropy
)
marks = (np.random.uniform(size=x.shape) < 0.5).astype("int32")
marks[:, 0] = 1
hidden_x = np.where(marks, 19, x)
hidden_x[x == 0] = 0
losses = [
    bert.train_on_batch(
        [hidden_x, np.zeros_like(x), marks],
        [np.expand_dims(x, -1), np.expand_dims(y.astype(int), -1)],
    )
    for _ in range(15)
]
assert len(losses[0]) == 3 and losses[-1][0] < losses[0][0]
objects = {
    c.__name__: c
    for c in (
        TokenEmbedding,
        PositionEmbedding,
        LayerNormalization,
        MultiHead,
        EmbeddingSimilarity,
        Masked,
    )
}
with CustomObjectScope(objects):
    copy = keras.models.clone_model(bert)
copy.set_weights(bert.get_weights())
feeds = [hidden_x[:4], np.zeros((4, 8)), marks[:4]]
assert all(np.allclose(a, b, atol=1e-5) for a, b in zip(bert.predict(feeds), copy.predict(feeds)))
