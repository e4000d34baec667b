"""A detector in the manner of Mask R-CNN's code: KE, KL, KM, losses as layers, regularization added by hand."""

import re
import warnings

import keras
import keras.backend as K
import keras.engine as KE
import keras.layers as KL
import keras.models as KM
import numpy as np


warnings.filterwarnings("ignore")


class BatchNorm(KL.BatchNormalization):
    """Extends the Keras BatchNormalization class to allow a central place to make changes if needed."""

    def call(self, inputs, training=None):
        return super(self.__class__, self).call(inputs, training=training)


def identity_block(input_tensor, kernel_size, filters, stage, block, use_bias=True, train_bn=True):
    nb_filter1, nb_filter2 = filters
    conv_name_base = "res" + str(stage) + block + "_branch"
    bn_name_base = "bn" + str(stage) + block + "_branch"
    x = KL.Conv2D(nb_filter1, (1, 1), name=conv_name_base + "2a", use_bias=use_bias)(input_tensor)
    x = BatchNorm(name=bn_name_base + "2a")(x, training=train_bn)
    x = KL.Activation("relu")(x)
    x = KL.Conv2D(
        nb_filter2,
        (kernel_size, kernel_size),
        padding="same",
        name=conv_name_base + "2b",
        use_bias=use_bias,
    )(x)
    x = BatchNorm(name=bn_name_base + "2b")(x, training=train_bn)
    x = KL.Add()([x, input_tensor])
    return KL.Activation("relu", name="res" + str(stage) + block + "_out")(x)


def rpn_graph(feature_map, anchors_per_location):
    shared = KL.Conv2D(8, (3, 3), padding="same", activation="relu", name="rpn_conv_shared")(
        feature_map
    )
    x = KL.Conv2D(
        2 * anchors_per_location, (1, 1), padding="valid", activation="linear", name="rpn_class_raw"
    )(shared)
    rpn_class_logits = KL.Lambda(lambda t: K.reshape(t, [K.shape(t)[0], -1, 2]))(x)
    rpn_probs = KL.Activation("softmax", name="rpn_class_xxx")(rpn_class_logits)
    x = KL.Conv2D(
        anchors_per_location * 4, (1, 1), padding="valid", activation="linear", name="rpn_bbox_pred"
    )(shared)
    rpn_bbox = KL.Lambda(lambda t: K.reshape(t, [K.shape(t)[0], -1, 4]))(x)
    return [rpn_class_logits, rpn_probs, rpn_bbox]


def build_rpn_model(anchors_per_location, depth):
    input_feature_map = KL.Input(shape=[None, None, depth], name="input_rpn_feature_map")
    return KM.Model(
        [input_feature_map], rpn_graph(input_feature_map, anchors_per_location), name="rpn_model"
    )


def apply_box_deltas_graph(boxes, deltas):
    height = boxes[:, :, 2] - boxes[:, :, 0]
    width = boxes[:, :, 3] - boxes[:, :, 1]
    center_y = boxes[:, :, 0] + 0.5 * height + deltas[:, :, 0] * height
    center_x = boxes[:, :, 1] + 0.5 * width + deltas[:, :, 1] * width
    height *= K.exp(deltas[:, :, 2])
    width *= K.exp(deltas[:, :, 3])
    y1, x1 = center_y - 0.5 * height, center_x - 0.5 * width
    return K.stack([y1, x1, y1 + height, x1 + width], axis=2)


class ProposalLayer(KE.Layer):
    def __init__(self, proposal_count, config=None, **kwargs):
        super(ProposalLayer, self).__init__(**kwargs)
        self.config = config
        self.proposal_count = proposal_count

    def call(self, inputs):
        scores = inputs[0][:, :, 1]
        deltas = inputs[1] * np.reshape(self.config.RPN_BBOX_STD_DEV, [1, 1, 4]).astype("float32")
        anchors = inputs[2]
        boxes = apply_box_deltas_graph(anchors, deltas)
        boxes = K.clip(boxes, 0.0, 1.0)
        # Boxes in the order of their scores, by comparisons.
        rank = K.sum(
            K.cast(K.expand_dims(scores, 1) > K.expand_dims(scores, 2), "float32"), axis=-1
        )
        keep = K.cast(K.expand_dims(rank, -1) < self.proposal_count, "float32")
        return boxes * keep

    def compute_output_shape(self, input_shape):
        return (None, input_shape[2][1], 4)


def smooth_l1_loss(y_true, y_pred):
    diff = K.abs(y_true - y_pred)
    less_than_one = K.cast(K.less(diff, 1.0), "float32")
    return (less_than_one * 0.5 * diff**2) + (1 - less_than_one) * (diff - 0.5)


def rpn_class_loss_graph(rpn_match, rpn_class_logits):
    rpn_match = K.squeeze(rpn_match, -1)
    anchor_class = K.cast(K.equal(rpn_match, 1), "int32")
    loss = K.sparse_categorical_crossentropy(
        target=anchor_class, output=rpn_class_logits, from_logits=True
    )
    return K.switch(K.prod(K.shape(loss)) > 0, K.mean(loss), K.constant(0.0))


def rpn_bbox_loss_graph(target_bbox, rpn_match, rpn_bbox):
    positive = K.cast(K.equal(rpn_match, 1), "float32")
    loss = smooth_l1_loss(target_bbox, rpn_bbox) * positive
    return K.sum(loss) / (K.sum(positive) + 1.0)


class Config(object):
    LEARNING_RATE = 0.02
    LEARNING_MOMENTUM = 0.9
    GRADIENT_CLIP_NORM = 5.0
    WEIGHT_DECAY = 0.0001
    TRAIN_BN = False
    RPN_BBOX_STD_DEV = np.array([0.1, 0.1, 0.2, 0.2])
    LOSS_WEIGHTS = {"rpn_class_loss": 1.0, "rpn_bbox_loss": 1.0}
    NUM_ROIS = 3


class MaskRCNN:
    def __init__(self, mode, config, model_dir="."):
        assert mode in ["training", "inference"]
        self.mode = mode
        self.config = config
        self.epoch = 0
        self.keras_model = self.build(mode=mode, config=config)

    def build(self, mode, config):
        input_image = KL.Input(shape=[None, None, 3], name="input_image")
        x = KL.ZeroPadding2D((1, 1))(input_image)
        x = KL.Conv2D(8, (3, 3), strides=(2, 2), name="conv1", use_bias=True)(x)
        x = BatchNorm(name="bn_conv1")(x, training=config.TRAIN_BN)
        x = KL.Activation("relu")(x)
        C1 = x = KL.MaxPooling2D((2, 2), strides=(2, 2), padding="same")(x)
        C2 = identity_block(x, 3, [4, 8], stage=2, block="a", train_bn=config.TRAIN_BN)
        P5 = KL.Conv2D(8, (1, 1), name="fpn_c5p5")(C2)
        P4 = KL.Add(name="fpn_p4add")(
            [
                KL.UpSampling2D(size=(2, 2), name="fpn_p5upsampled")(KL.MaxPooling2D((2, 2))(P5)),
                KL.Conv2D(8, (1, 1), name="fpn_c4p4")(C2),
            ]
        )
        rpn_feature_maps = [P4, P5]
        rpn = build_rpn_model(1, 8)
        layer_outputs = []
        for p in rpn_feature_maps:
            layer_outputs.append(rpn([p]))
        output_names = ["rpn_class_logits", "rpn_class", "rpn_bbox"]
        outputs = list(zip(*layer_outputs))
        outputs = [KL.Concatenate(axis=1, name=n)(list(o)) for o, n in zip(outputs, output_names)]
        rpn_class_logits, rpn_class, rpn_bbox = outputs
        input_anchors = KL.Input(shape=[None, 4], name="input_anchors")
        rpn_rois = ProposalLayer(proposal_count=5, name="ROI", config=config)(
            [rpn_class, rpn_bbox, input_anchors]
        )
        # A head on some places of the map, each by itself.
        rois = KL.Lambda(lambda t: K.stack([t[:, 0, 0], t[:, 1, 1], t[:, 2, 2]], axis=1))(P5)
        rois = KL.Reshape((config.NUM_ROIS, 1, 1, 8))(rois)
        x = KL.TimeDistributed(KL.Conv2D(8, (1, 1), padding="valid"), name="mrcnn_class_conv1")(
            rois
        )
        x = KL.TimeDistributed(BatchNorm(), name="mrcnn_class_bn1")(x, training=config.TRAIN_BN)
        x = KL.Activation("relu")(x)
        shared = KL.Lambda(lambda x: K.squeeze(K.squeeze(x, 3), 2), name="pool_squeeze")(x)
        mrcnn_class_logits = KL.TimeDistributed(KL.Dense(2), name="mrcnn_class_logits")(shared)
        mrcnn_bbox = KL.TimeDistributed(KL.Dense(2 * 4, activation="linear"), name="mrcnn_bbox_fc")(
            shared
        )
        s = K.int_shape(mrcnn_bbox)
        mrcnn_bbox = KL.Reshape((s[1], 2, 4), name="mrcnn_bbox")(mrcnn_bbox)
        if mode == "inference":
            return KM.Model(
                [input_image, input_anchors], [rpn_rois, rpn_class, mrcnn_bbox], name="mask_rcnn"
            )
        input_rpn_match = KL.Input(shape=[None, 1], name="input_rpn_match", dtype="int32")
        input_rpn_bbox = KL.Input(shape=[None, 4], name="input_rpn_bbox", dtype="float32")
        rpn_class_loss = KL.Lambda(lambda x: rpn_class_loss_graph(*x), name="rpn_class_loss")(
            [input_rpn_match, rpn_class_logits]
        )
        rpn_bbox_loss = KL.Lambda(lambda x: rpn_bbox_loss_graph(*x), name="rpn_bbox_loss")(
            [input_rpn_bbox, input_rpn_match, rpn_bbox]
        )
        inputs = [input_image, input_anchors, input_rpn_match, input_rpn_bbox]
        outputs = [
            rpn_class_logits,
            rpn_class,
            rpn_bbox,
            rpn_rois,
            mrcnn_class_logits,
            mrcnn_bbox,
            rpn_class_loss,
            rpn_bbox_loss,
        ]
        return KM.Model(inputs, outputs, name="mask_rcnn")

    def compile(self, learning_rate, momentum):
        optimizer = keras.optimizers.SGD(
            lr=learning_rate, momentum=momentum, clipnorm=self.config.GRADIENT_CLIP_NORM
        )
        # First, clear previously set losses to avoid duplication
        self.keras_model._losses = []
        self.keras_model._per_input_losses = {}
        loss_names = ["rpn_class_loss", "rpn_bbox_loss"]
        for name in loss_names:
            layer = self.keras_model.get_layer(name)
            if layer.output in self.keras_model.losses:
                continue
            loss = K.mean(layer.output, keepdims=True) * self.config.LOSS_WEIGHTS.get(name, 1.0)
            self.keras_model.add_loss(loss)
        # Add L2 Regularization. Skip gamma and beta weights of batch normalization layers.
        reg_losses = [
            keras.regularizers.l2(self.config.WEIGHT_DECAY)(w)
            / K.cast(K.prod(K.shape(w)), "float32")
            for w in self.keras_model.trainable_weights
            if "gamma" not in w.name and "beta" not in w.name
        ]
        self.keras_model.add_loss(sum(reg_losses))
        self.keras_model.compile(optimizer=optimizer, loss=[None] * len(self.keras_model.outputs))
        # Add metrics for losses
        for name in loss_names:
            if name in self.keras_model.metrics_names:
                continue
            layer = self.keras_model.get_layer(name)
            self.keras_model.metrics_names.append(name)
            loss = K.mean(layer.output, keepdims=True) * self.config.LOSS_WEIGHTS.get(name, 1.0)
            self.keras_model.metrics_tensors.append(loss)

    def set_trainable(self, layer_regex, keras_model=None, indent=0, verbose=1):
        keras_model = keras_model or self.keras_model
        layers = (
            keras_model.inner_model.layers
            if hasattr(keras_model, "inner_model")
            else keras_model.layers
        )
        for layer in layers:
            if layer.__class__.__name__ in ("Model", "Functional"):
                self.set_trainable(layer_regex, keras_model=layer, indent=indent + 4)
                continue
            if not layer.weights:
                continue
            trainable = bool(re.fullmatch(layer_regex, layer.name))
            # Update layer. If layer is a container, update inner layer.
            if layer.__class__.__name__ == "TimeDistributed":
                layer.layer.trainable = trainable
            else:
                layer.trainable = trainable

    def train(self, train_generator, val_generator, learning_rate, epochs, layers):
        layer_regex = {"heads": r"(mrcnn\_.*)|(rpn\_.*)|(fpn\_.*)", "all": ".*"}
        if layers in layer_regex.keys():
            layers = layer_regex[layers]
        callbacks = [
            keras.callbacks.TensorBoard(
                log_dir=".", histogram_freq=0, write_graph=True, write_images=False
            ),
            keras.callbacks.ModelCheckpoint(
                "mask_rcnn_{epoch:04d}.h5", verbose=0, save_weights_only=True
            ),
        ]
        self.set_trainable(layers)
        self.compile(learning_rate, self.config.LEARNING_MOMENTUM)
        history = self.keras_model.fit_generator(
            train_generator,
            initial_epoch=self.epoch,
            epochs=epochs,
            steps_per_epoch=4,
            callbacks=callbacks,
            validation_data=val_generator,
            validation_steps=1,
            max_queue_size=100,
            workers=0,
            use_multiprocessing=False,
        )
        self.epoch = max(self.epoch, epochs)
        return history


def data_generator(batch_size):
    rng = np.random.RandomState(0)
    grid = np.stack(np.meshgrid(np.arange(4), np.arange(4), indexing="ij"), -1).reshape(-1, 2)
    one = np.concatenate([grid / 4.0, (grid + 1) / 4.0], 1)
    anchors = np.concatenate([one, one], 0).astype("float32")
    while True:
        images = rng.uniform(0, 0.1, (batch_size, 16, 16, 3)).astype("float32")
        match = -np.ones((batch_size, 32, 1), "int32")
        boxes = np.zeros((batch_size, 32, 4), "float32")
        for b in range(batch_size):
            i, j = rng.randint(0, 4, 2)
            images[b, 4 * i : 4 * i + 4, 4 * j : 4 * j + 4] = 1
            for n in (4 * i + j, 16 + 4 * i + j):
                match[b, n], boxes[b, n] = 1, [0.5, -0.5, 0.2, 0.1]
        yield [images, np.tile(anchors, (batch_size, 1, 1)), match, boxes], []


config = Config()
model = MaskRCNN(mode="training", config=config)
conv1 = model.keras_model.get_layer("conv1").get_weights()
first = model.train(data_generator(8), data_generator(8), config.LEARNING_RATE, 2, layers="heads")
assert all(
    np.array_equal(a, b) for a, b in zip(conv1, model.keras_model.get_layer("conv1").get_weights())
)
second = model.train(data_generator(8), data_generator(8), config.LEARNING_RATE, 4, layers="all")
assert any(
    not np.array_equal(a, b)
    for a, b in zip(conv1, model.keras_model.get_layer("conv1").get_weights())
)
print(first.history, second.history)
assert second.history["rpn_class_loss"][-1] < first.history["rpn_class_loss"][0]
assert {"rpn_class_loss", "rpn_bbox_loss", "val_rpn_bbox_loss"} <= set(second.history), list(
    second.history
)

detector = MaskRCNN(mode="inference", config=config)
detector.keras_model.load_weights("mask_rcnn_0004.h5", by_name=True)
batch = next(data_generator(2))[0]
rois, scores, deltas = detector.keras_model.predict(batch[:2], verbose=0)
assert rois.shape == (2, 32, 4) and deltas.shape == (2, 3, 2, 4)
assert ((rois.sum(-1) > 0).sum(1) <= 6).all()
