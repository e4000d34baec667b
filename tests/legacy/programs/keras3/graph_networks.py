"""Graph attention and graph convolution networks: segments, losses and models around a whole graph."""

import os

os.environ["KERAS_BACKEND"] = "jax"
import keras
from keras import layers, ops
import numpy as np
import pandas as pd

rng = np.random.RandomState(1)
num_nodes, num_features = 40, 12
node_states = (rng.rand(num_nodes, num_features) > 0.7).astype("float32")
labels = np.arange(num_nodes) % 3
node_states[np.arange(num_nodes), labels] += 1
edges = rng.randint(0, num_nodes, (160, 2)).astype("int32")


class GraphAttention(layers.Layer):
    def __init__(
        self, units, kernel_initializer="glorot_uniform", kernel_regularizer=None, **kwargs
    ):
        super().__init__(**kwargs)
        self.units = units
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)

    def build(self, input_shape):
        self.kernel = self.add_weight(
            shape=(input_shape[0][-1], self.units),
            trainable=True,
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            name="kernel",
        )
        self.kernel_attention = self.add_weight(
            shape=(self.units * 2, 1),
            trainable=True,
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            name="kernel_attention",
        )
        self.built = True

    def call(self, inputs):
        node_states, edges = inputs
        node_states_transformed = ops.matmul(node_states, self.kernel)
        node_states_expanded = ops.take(node_states_transformed, edges, axis=0)
        node_states_expanded = ops.reshape(node_states_expanded, (ops.shape(edges)[0], -1))
        attention_scores = ops.leaky_relu(ops.matmul(node_states_expanded, self.kernel_attention))
        attention_scores = ops.squeeze(attention_scores, -1)
        attention_scores = ops.exp(ops.clip(attention_scores, -2, 2))
        attention_scores_sum = ops.segment_sum(
            attention_scores,
            edges[:, 0],
            num_segments=num_nodes,
            sorted=False,
        )
        attention_scores_sum = ops.take(attention_scores_sum, edges[:, 0])
        attention_scores_norm = attention_scores / attention_scores_sum
        node_states_neighbors = ops.take(node_states_transformed, edges[:, 1], axis=0)
        out = ops.segment_sum(
            node_states_neighbors * attention_scores_norm[:, None],
            edges[:, 0],
            num_segments=ops.shape(node_states)[0],
        )
        return out


class MultiHeadGraphAttention(layers.Layer):
    def __init__(self, units, num_heads=8, merge_type="concat", **kwargs):
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.merge_type = merge_type
        self.attention_layers = [GraphAttention(units) for _ in range(num_heads)]

    def call(self, inputs):
        atom_features, pair_indices = inputs
        outputs = [
            attention_layer([atom_features, pair_indices])
            for attention_layer in self.attention_layers
        ]
        if self.merge_type == "concat":
            outputs = ops.concatenate(outputs, axis=-1)
        else:
            outputs = ops.mean(ops.stack(outputs, axis=-1), axis=-1)
        return keras.activations.relu(outputs)


class GraphAttentionNetwork(keras.Model):
    def __init__(
        self, node_states, edges, hidden_units, num_heads, num_layers, output_dim, **kwargs
    ):
        super().__init__(**kwargs)
        self.node_states = node_states
        self.edges = edges
        self.preprocess = layers.Dense(hidden_units * num_heads, activation="relu")
        self.attention_layers = [
            MultiHeadGraphAttention(hidden_units, num_heads) for _ in range(num_layers)
        ]
        self.output_layer = layers.Dense(output_dim)

    def call(self, inputs):
        node_states, edges = inputs
        x = self.preprocess(node_states)
        for attention_layer in self.attention_layers:
            x = attention_layer([x, edges]) + x
        outputs = self.output_layer(x)
        return outputs

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        logits = self([self.node_states, self.edges])
        return super().compute_loss(x, y, ops.take(logits, x, axis=0), sample_weight)

    def train_step(self, *args):
        return super().train_step(*args)


# whole-batch training through a functional wrapper
n_in = keras.Input((), dtype="int32")


class NodeClassifier(keras.Model):
    def __init__(self, gat):
        super().__init__()
        self.gat = gat

    def call(self, indices):
        logits = self.gat([self.gat.node_states, self.gat.edges])
        return ops.take(logits, indices, axis=0)


gat = GraphAttentionNetwork(
    ops.convert_to_tensor(node_states), ops.convert_to_tensor(edges), 6, 2, 2, 3
)
clf = NodeClassifier(gat)
clf.compile(
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    optimizer=keras.optimizers.SGD(0.3, momentum=0.9),
    metrics=[keras.metrics.SparseCategoricalAccuracy(name="acc")],
)
early_stopping = keras.callbacks.EarlyStopping(
    monitor="val_acc", min_delta=1e-5, patience=5, restore_best_weights=True
)
idx = np.arange(num_nodes)
h = clf.fit(
    idx,
    labels,
    validation_split=0.1,
    batch_size=16,
    epochs=8,
    callbacks=[early_stopping],
    verbose=2,
)
_, test_accuracy = clf.evaluate(idx, labels, verbose=0)
assert h.history["loss"][-1] < h.history["loss"][0]


# --- GNN citations -----------------------------------------------------------------------------------
def create_ffn(hidden_units, dropout_rate, name=None):
    fnn_layers = []
    for units in hidden_units:
        fnn_layers.append(layers.BatchNormalization())
        fnn_layers.append(layers.Dropout(dropout_rate))
        fnn_layers.append(layers.Dense(units, activation=keras.activations.gelu))
    return keras.Sequential(fnn_layers, name=name)


class GraphConvLayer(layers.Layer):
    def __init__(
        self,
        hidden_units,
        dropout_rate=0.2,
        aggregation_type="mean",
        combination_type="concat",
        normalize=False,
        *args,
        **kwargs,
    ):
        super().__init__(*args, **kwargs)
        self.aggregation_type = aggregation_type
        self.combination_type = combination_type
        self.normalize = normalize
        self.ffn_prepare = create_ffn(hidden_units, dropout_rate)
        if self.combination_type == "gru":
            self.update_fn = layers.GRU(
                units=hidden_units,
                activation="tanh",
                recurrent_activation="sigmoid",
                dropout=dropout_rate,
                return_state=True,
                recurrent_dropout=dropout_rate,
            )
        else:
            self.update_fn = create_ffn(hidden_units, dropout_rate)

    def prepare(self, node_repesentations, weights=None):
        messages = self.ffn_prepare(node_repesentations)
        if weights is not None:
            messages = messages * ops.expand_dims(weights, -1)
        return messages

    def aggregate(self, node_indices, neighbour_messages, node_repesentations):
        num_nodes = node_repesentations.shape[0]
        if self.aggregation_type == "sum":
            return ops.segment_sum(neighbour_messages, node_indices, num_segments=num_nodes)
        elif self.aggregation_type == "mean":
            aggregated = ops.segment_sum(neighbour_messages, node_indices, num_segments=num_nodes)
            count = ops.segment_sum(
                ops.ones_like(neighbour_messages), node_indices, num_segments=num_nodes
            )
            return aggregated / ops.maximum(count, 1)
        return ops.segment_max(neighbour_messages, node_indices, num_segments=num_nodes)

    def update(self, node_repesentations, aggregated_messages):
        if self.combination_type == "gru":
            h = ops.stack([node_repesentations, aggregated_messages], axis=1)
        elif self.combination_type == "concat":
            h = ops.concatenate([node_repesentations, aggregated_messages], axis=1)
        else:
            h = node_repesentations + aggregated_messages
        node_embeddings = self.update_fn(h)
        if self.combination_type == "gru":
            node_embeddings = ops.unstack(node_embeddings, axis=1)[-1]
        if self.normalize:
            node_embeddings = ops.nn.normalize(node_embeddings, axis=-1)
        return node_embeddings

    def call(self, inputs):
        node_repesentations, edges, edge_weights = inputs
        node_indices, neighbour_indices = edges[0], edges[1]
        neighbour_repesentations = ops.take(node_repesentations, neighbour_indices, axis=0)
        neighbour_messages = self.prepare(neighbour_repesentations, edge_weights)
        aggregated_messages = self.aggregate(node_indices, neighbour_messages, node_repesentations)
        return self.update(node_repesentations, aggregated_messages)


class GNNNodeClassifier(keras.Model):
    def __init__(
        self,
        graph_info,
        num_classes,
        hidden_units,
        aggregation_type="sum",
        combination_type="concat",
        dropout_rate=0.2,
        normalize=True,
        *args,
        **kwargs,
    ):
        super().__init__(*args, **kwargs)
        node_features, edges, edge_weights = graph_info
        self.node_features = node_features
        self.edges = edges
        self.edge_weights = edge_weights
        if self.edge_weights is None:
            self.edge_weights = ops.ones(shape=edges.shape[1])
        self.edge_weights = self.edge_weights / ops.sum(self.edge_weights)
        self.preprocess = create_ffn(hidden_units, dropout_rate, name="preprocess")
        self.conv1 = GraphConvLayer(
            hidden_units,
            dropout_rate,
            aggregation_type,
            combination_type,
            normalize,
            name="graph_conv1",
        )
        self.conv2 = GraphConvLayer(
            hidden_units,
            dropout_rate,
            aggregation_type,
            combination_type,
            normalize,
            name="graph_conv2",
        )
        self.postprocess = create_ffn(hidden_units, dropout_rate, name="postprocess")
        self.compute_logits = layers.Dense(units=num_classes, name="logits")

    def call(self, input_node_indices):
        x = self.preprocess(self.node_features)
        x1 = self.conv1((x, self.edges, self.edge_weights))
        x = x1 + x
        x2 = self.conv2((x, self.edges, self.edge_weights))
        x = x2 + x
        x = self.postprocess(x)
        node_embeddings = ops.take(x, input_node_indices, axis=0)
        return self.compute_logits(node_embeddings)


graph_info = (node_states, edges.T, None)
gnn_model = GNNNodeClassifier(
    graph_info=graph_info, num_classes=3, hidden_units=[8, 8], name="gnn_model"
)
print("GNN output shape:", gnn_model(np.array([1, 10, 20])))
gnn_model.summary()
gnn_model.compile(
    optimizer=keras.optimizers.Adam(0.01),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=[keras.metrics.SparseCategoricalAccuracy(name="acc")],
)
h = gnn_model.fit(idx, labels, epochs=4, batch_size=16, validation_split=0.15)
assert h.history["loss"][-1] < h.history["loss"][0]
num_nodes_before = gnn_model.node_features.shape[0]
logits = gnn_model.predict(ops.convert_to_tensor([0, 1, 2]))
probabilities = ops.convert_to_numpy(keras.activations.softmax(ops.convert_to_tensor(logits)))
assert np.allclose(probabilities.sum(-1), 1, atol=1e-5)
