"""A detector of the YOLO family: Darknet's blocks by compose and wraps, anchors, a loss inside a Lambda layer."""

from functools import reduce, wraps

import keras.backend as K
import numpy as np
from keras.callbacks import EarlyStopping, ReduceLROnPlateau
from keras.layers import (
    Add,
    Concatenate,
    Conv2D,
    Input,
    Lambda,
    MaxPooling2D,
    UpSampling2D,
    ZeroPadding2D,
)
from keras.layers.advanced_activations import LeakyReLU
from keras.layers.normalization import BatchNormalization
from keras.models import Model
from keras.optimizers import Adam
from keras.regularizers import l2


def compose(*funcs):
    """Compose arbitrarily many functions, evaluated left to right."""
    if funcs:
        return reduce(lambda f, g: lambda *a, **kw: g(f(*a, **kw)), funcs)
    else:
        raise ValueError("Composition of empty sequence not supported.")


@wraps(Conv2D)
def DarknetConv2D(*args, **kwargs):
    darknet_conv_kwargs = {"kernel_regularizer": l2(5e-4)}
    darknet_conv_kwargs["padding"] = "valid" if kwargs.get("strides") == (2, 2) else "same"
    darknet_conv_kwargs.update(kwargs)
    return Conv2D(*args, **darknet_conv_kwargs)


def DarknetConv2D_BN_Leaky(*args, **kwargs):
    no_bias_kwargs = {"use_bias": False}
    no_bias_kwargs.update(kwargs)
    return compose(
        DarknetConv2D(*args, **no_bias_kwargs), BatchNormalization(), LeakyReLU(alpha=0.1)
    )


def resblock_body(x, num_filters, num_blocks):
    x = ZeroPadding2D(((1, 0), (1, 0)))(x)
    x = DarknetConv2D_BN_Leaky(num_filters, (3, 3), strides=(2, 2))(x)
    for i in range(num_blocks):
        y = compose(
            DarknetConv2D_BN_Leaky(num_filters // 2, (1, 1)),
            DarknetConv2D_BN_Leaky(num_filters, (3, 3)),
        )(x)
        x = Add()([x, y])
    return x


def yolo_body(inputs, num_anchors, num_classes):
    x1 = resblock_body(resblock_body(inputs, 4, 1), 8, 1)
    x2 = compose(
        MaxPooling2D(pool_size=(2, 2), strides=(2, 2), padding="same"),
        DarknetConv2D_BN_Leaky(8, (3, 3)),
    )(x1)
    y1 = DarknetConv2D(num_anchors * (num_classes + 5), (1, 1))(x2)
    x2 = compose(DarknetConv2D_BN_Leaky(4, (1, 1)), UpSampling2D(2))(x2)
    y2 = compose(
        Concatenate(),
        DarknetConv2D_BN_Leaky(8, (3, 3)),
        DarknetConv2D(num_anchors * (num_classes + 5), (1, 1)),
    )([x2, x1])
    return Model(inputs, [y1, y2])


def yolo_head(feats, anchors, num_classes, input_shape, calc_loss=False):
    num_anchors = len(anchors)
    anchors_tensor = K.reshape(K.constant(anchors), [1, 1, 1, num_anchors, 2])
    grid_shape = K.shape(feats)[1:3]
    grid_y = K.tile(
        K.reshape(K.arange(0, stop=grid_shape[0]), [-1, 1, 1, 1]), [1, grid_shape[1], 1, 1]
    )
    grid_x = K.tile(
        K.reshape(K.arange(0, stop=grid_shape[1]), [1, -1, 1, 1]), [grid_shape[0], 1, 1, 1]
    )
    grid = K.concatenate([grid_x, grid_y])
    grid = K.cast(grid, K.dtype(feats))

    feats = K.reshape(feats, [-1, grid_shape[0], grid_shape[1], num_anchors, num_classes + 5])
    box_xy = (K.sigmoid(feats[..., :2]) + grid) / K.cast(grid_shape[::-1], K.dtype(feats))
    box_wh = K.exp(feats[..., 2:4]) * anchors_tensor / K.cast(input_shape[::-1], K.dtype(feats))
    box_confidence = K.sigmoid(feats[..., 4:5])
    box_class_probs = K.sigmoid(feats[..., 5:])
    if calc_loss:
        return grid, feats, box_xy, box_wh
    return box_xy, box_wh, box_confidence, box_class_probs


def box_iou(b1, b2):
    b1_mins, b1_maxes = b1[..., :2] - b1[..., 2:4] / 2.0, b1[..., :2] + b1[..., 2:4] / 2.0
    b2_mins, b2_maxes = b2[..., :2] - b2[..., 2:4] / 2.0, b2[..., :2] + b2[..., 2:4] / 2.0
    intersect_mins = K.maximum(b1_mins, b2_mins)
    intersect_maxes = K.minimum(b1_maxes, b2_maxes)
    intersect_wh = K.maximum(intersect_maxes - intersect_mins, 0.0)
    intersect_area = intersect_wh[..., 0] * intersect_wh[..., 1]
    b1_area = b1[..., 2] * b1[..., 3]
    b2_area = b2[..., 2] * b2[..., 3]
    return intersect_area / (b1_area + b2_area - intersect_area + K.epsilon())


def yolo_loss(args, anchors, num_classes, ignore_thresh=0.5):
    num_layers = len(anchors) // 2
    yolo_outputs = args[:num_layers]
    y_true = args[num_layers:]
    anchor_mask = [[2, 3], [0, 1]]
    input_shape = K.cast(K.shape(yolo_outputs[0])[1:3] * 8, K.dtype(y_true[0]))
    grid_shapes = [
        K.cast(K.shape(yolo_outputs[l])[1:3], K.dtype(y_true[0])) for l in range(num_layers)
    ]
    loss = 0
    m = K.shape(yolo_outputs[0])[0]
    mf = K.cast(m, K.dtype(yolo_outputs[0]))

    for l in range(num_layers):
        object_mask = y_true[l][..., 4:5]
        true_class_probs = y_true[l][..., 5:]
        grid, raw_pred, pred_xy, pred_wh = yolo_head(
            yolo_outputs[l], anchors[anchor_mask[l]], num_classes, input_shape, calc_loss=True
        )
        pred_box = K.concatenate([pred_xy, pred_wh])
        raw_true_xy = y_true[l][..., :2] * grid_shapes[l][::-1] - grid
        raw_true_wh = K.log(
            y_true[l][..., 2:4] / anchors[anchor_mask[l]] * input_shape[::-1] + 1e-9
        )
        raw_true_wh = K.switch(object_mask, raw_true_wh, K.zeros_like(raw_true_wh))
        box_loss_scale = 2 - y_true[l][..., 2:3] * y_true[l][..., 3:4]
        best_iou = box_iou(pred_box, y_true[l][..., :4])
        ignore_mask = K.expand_dims(K.cast(best_iou < ignore_thresh, K.dtype(y_true[0])), -1)

        xy_loss = (
            object_mask
            * box_loss_scale
            * K.binary_crossentropy(raw_true_xy, raw_pred[..., 0:2], from_logits=True)
        )
        wh_loss = object_mask * box_loss_scale * 0.5 * K.square(raw_true_wh - raw_pred[..., 2:4])
        confidence_loss = (
            object_mask * K.binary_crossentropy(object_mask, raw_pred[..., 4:5], from_logits=True)
            + (1 - object_mask)
            * K.binary_crossentropy(object_mask, raw_pred[..., 4:5], from_logits=True)
            * ignore_mask
        )
        class_loss = object_mask * K.binary_crossentropy(
            true_class_probs, raw_pred[..., 5:], from_logits=True
        )
        loss += (K.sum(xy_loss) + K.sum(wh_loss) + K.sum(confidence_loss) + K.sum(class_loss)) / mf
    return loss


def create_model(input_shape, anchors, num_classes, freeze_body=1):
    K.clear_session()
    image_input = Input(shape=(None, None, 3))
    h, w = input_shape
    num_anchors = len(anchors)
    y_true = [
        Input(shape=(h // {0: 8, 1: 4}[l], w // {0: 8, 1: 4}[l], num_anchors // 2, num_classes + 5))
        for l in range(2)
    ]
    model_body = yolo_body(image_input, num_anchors // 2, num_classes)
    print("Create YOLO model with {} anchors and {} classes.".format(num_anchors, num_classes))
    if freeze_body:
        num = (3, len(model_body.layers) - 2)[freeze_body - 1]
        for i in range(num):
            model_body.layers[i].trainable = False
        print("Freeze the first {} layers of total {} layers.".format(num, len(model_body.layers)))
    model_loss = Lambda(
        yolo_loss,
        output_shape=(1,),
        name="yolo_loss",
        arguments={"anchors": anchors, "num_classes": num_classes, "ignore_thresh": 0.5},
    )([*model_body.output, *y_true])
    return Model([model_body.input, *y_true], model_loss), model_body


def preprocess_true_boxes(true_boxes, input_shape, anchors, num_classes):
    grid_shapes = [np.array(input_shape) // {0: 8, 1: 4}[l] for l in range(2)]
    m = true_boxes.shape[0]
    y_true = [np.zeros((m, g[0], g[1], 2, 5 + num_classes), dtype="float32") for g in grid_shapes]
    for b in range(m):
        x, y, wd, ht, c = true_boxes[b]
        for l in range(2):
            i = np.floor(x * grid_shapes[l][1]).astype("int32")
            j = np.floor(y * grid_shapes[l][0]).astype("int32")
            y_true[l][b, j, i, 0, 0:4] = [x, y, wd, ht]
            y_true[l][b, j, i, 0, 4] = 1
            y_true[l][b, j, i, 0, 5 + int(c)] = 1
    return y_true


def data_generator(batch_size, input_shape, anchors, num_classes):
    rng = np.random.RandomState(0)
    while True:
        image_data = rng.uniform(0, 0.2, (batch_size, *input_shape, 3)).astype("float32")
        boxes = np.zeros((batch_size, 5))
        for b in range(batch_size):
            cx, cy, c = rng.randint(4, 12), rng.randint(4, 12), rng.randint(0, num_classes)
            image_data[b, cy - 3 : cy + 3, cx - 3 : cx + 3, c] = 1.0
            boxes[b] = [cx / 16.0, cy / 16.0, 6 / 16.0, 6 / 16.0, c]
        yield (
            [image_data, *preprocess_true_boxes(boxes, input_shape, anchors, num_classes)],
            np.zeros(batch_size),
        )


anchors = np.array([[4, 4], [6, 5], [6, 6], [8, 8]], dtype="float32")
input_shape, num_classes, batch_size = (16, 16), 2, 8
model, model_body = create_model(input_shape, anchors, num_classes)
frozen = model_body.layers[2].get_weights()

reduce_lr = ReduceLROnPlateau(monitor="val_loss", factor=0.1, patience=3, verbose=1)
early_stopping = EarlyStopping(monitor="val_loss", min_delta=0, patience=10, verbose=1)
model.compile(optimizer=Adam(lr=1e-2), loss={"yolo_loss": lambda y_true, y_pred: y_pred})
history = model.fit_generator(
    data_generator(batch_size, input_shape, anchors, num_classes),
    steps_per_epoch=max(1, 64 // batch_size),
    validation_data=data_generator(batch_size, input_shape, anchors, num_classes),
    validation_steps=2,
    epochs=4,
    initial_epoch=0,
    callbacks=[reduce_lr, early_stopping],
)
assert all(np.array_equal(a, b) for a, b in zip(frozen, model_body.layers[2].get_weights()))

for i in range(len(model.layers)):
    model.layers[i].trainable = True
model.compile(optimizer=Adam(lr=1e-3), loss={"yolo_loss": lambda y_true, y_pred: y_pred})
model.fit_generator(
    data_generator(batch_size, input_shape, anchors, num_classes),
    steps_per_epoch=2,
    epochs=5,
    initial_epoch=4,
    verbose=0,
)
model_body.save_weights("trained_weights_final.h5")

feature = model_body.output[0]
xy, wh, confidence, probs = yolo_head(
    feature, anchors[[2, 3]], num_classes, K.cast(K.shape(feature)[1:3] * 8, "float32")
)
boxes = K.function([model_body.input, K.learning_phase()], [xy, wh, confidence, probs])
picture = next(data_generator(1, input_shape, anchors, num_classes))[0][0]
xy, wh, confidence, probs = boxes([picture, 0])
print("loss", history.history["loss"], xy.shape, confidence.shape)

assert history.history["loss"][-1] < 0.7 * history.history["loss"][0], history.history
assert xy.shape == (1, 2, 2, 2, 2) and probs.shape == (1, 2, 2, 2, num_classes)
assert 0 <= xy.min() and xy.max() <= 1
assert any(not np.array_equal(a, b) for a, b in zip(frozen, model_body.layers[2].get_weights()))
