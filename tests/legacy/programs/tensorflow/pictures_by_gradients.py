"""Style transfer, deep dream, filters, Grad-CAM and integrated gradients by GradientTape, on a small net."""
# ruff: noqa: E741, F811, SIM118

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers
import matplotlib.cm as cm
from PIL import Image

rng = np.random.RandomState(0)
for name in ("base.png", "style.png"):
    Image.fromarray(rng.randint(0, 255, size=(40, 50, 3)).astype("uint8")).save(name)
net = keras.Sequential(
    [
        layers.Conv2D(
            8,
            3,
            padding="same",
            activation="relu",
            name="block1_conv1",
            input_shape=(None, None, 3),
        ),
        layers.MaxPooling2D(),
        layers.Conv2D(8, 3, padding="same", activation="relu", name="block2_conv1"),
        layers.MaxPooling2D(name="pool2"),
        layers.Conv2D(16, 3, padding="same", activation="relu", name="block5_conv2"),
        layers.GlobalAveragePooling2D(),
        layers.Dense(5, activation="softmax", name="predictions"),
    ]
)
width, height = keras.preprocessing.image.load_img("base.png").size
img_nrows = 24
img_ncols = int(width * img_nrows / height)


def preprocess_image(image_path):
    img = keras.preprocessing.image.load_img(image_path, target_size=(img_nrows, img_ncols))
    img = keras.preprocessing.image.img_to_array(img)
    img = np.expand_dims(img, axis=0)
    img = img[..., ::-1] - 110.0
    return tf.convert_to_tensor(img)


def deprocess_image(x):
    x = x.reshape((img_nrows, img_ncols, 3))
    x[:, :, 0] += 103.939
    x = x[:, :, ::-1]
    x = np.clip(x, 0, 255).astype("uint8")
    return x


def gram_matrix(x):
    x = tf.transpose(x, (2, 0, 1))
    features = tf.reshape(x, (tf.shape(x)[0], -1))
    gram = tf.matmul(features, tf.transpose(features))
    return gram


def style_loss(style, combination):
    S = gram_matrix(style)
    C = gram_matrix(combination)
    channels = 3
    size = img_nrows * img_ncols
    return tf.reduce_sum(tf.square(S - C)) / (4.0 * (channels**2) * (size**2))


def content_loss(base, combination):
    return tf.reduce_sum(tf.square(combination - base))


def total_variation_loss(x):
    a = tf.square(x[:, : img_nrows - 1, : img_ncols - 1, :] - x[:, 1:, : img_ncols - 1, :])
    b = tf.square(x[:, : img_nrows - 1, : img_ncols - 1, :] - x[:, : img_nrows - 1, 1:, :])
    return tf.reduce_sum(tf.pow(a + b, 1.25))


outputs_dict = dict([(layer.name, layer.output) for layer in net.layers])
feature_extractor = keras.Model(inputs=net.inputs, outputs=outputs_dict)
style_layer_names = ["block1_conv1", "block2_conv1"]
content_layer_name = "block5_conv2"


def compute_loss(combination_image, base_image, style_reference_image):
    input_tensor = tf.concat([base_image, style_reference_image, combination_image], axis=0)
    features = feature_extractor(input_tensor)
    loss = tf.zeros(shape=())
    layer_features = features[content_layer_name]
    base_image_features = layer_features[0, :, :, :]
    combination_features = layer_features[2, :, :, :]
    loss = loss + 2.5e-8 * content_loss(base_image_features, combination_features)
    for layer_name in style_layer_names:
        layer_features = features[layer_name]
        style_reference_features = layer_features[1, :, :, :]
        combination_features = layer_features[2, :, :, :]
        sl = style_loss(style_reference_features, combination_features)
        loss += (1e-6 / len(style_layer_names)) * sl
    loss += 1e-6 * total_variation_loss(combination_image)
    return loss


@tf.function
def compute_loss_and_grads(combination_image, base_image, style_reference_image):
    with tf.GradientTape() as tape:
        loss = compute_loss(combination_image, base_image, style_reference_image)
    grads = tape.gradient(loss, combination_image)
    return loss, grads


optimizer = keras.optimizers.SGD(
    keras.optimizers.schedules.ExponentialDecay(
        initial_learning_rate=100.0, decay_steps=100, decay_rate=0.96
    )
)
base_image = preprocess_image("base.png")
style_reference_image = preprocess_image("style.png")
combination_image = tf.Variable(preprocess_image("base.png"))
losses = []
for i in range(1, 11):
    loss, grads = compute_loss_and_grads(combination_image, base_image, style_reference_image)
    optimizer.apply_gradients([(grads, combination_image)])
    losses.append(float(loss))
    if i % 5 == 0:
        print("Iteration %d: loss=%.2f" % (i, loss))
        img = deprocess_image(combination_image.numpy())
        keras.preprocessing.image.save_img("out_at_iteration_%d.png" % i, img)
assert losses[-1] < losses[0], losses
opt = tf.optimizers.Adam(learning_rate=0.02, beta_1=0.99, epsilon=1e-1)
image = tf.Variable(tf.random.uniform((1, 24, 24, 3)))


@tf.function()
def train_step(image):
    with tf.GradientTape() as tape:
        outputs = feature_extractor(image)
        loss = tf.add_n(
            [
                tf.reduce_mean((outputs[name] - 1.0) ** 2)
                for name in outputs.keys()
                if "conv" in name
            ]
        )
    grad = tape.gradient(loss, image)
    opt.apply_gradients([(grad, image)])
    image.assign(tf.clip_by_value(image, clip_value_min=0.0, clip_value_max=1.0))
    return loss


ls = [float(train_step(image)) for _ in range(5)]
assert ls[-1] < ls[0], ls

# deep dream
layer_settings = {"block2_conv1": 1.0, "block5_conv2": 1.5}
step, num_octave, octave_scale, iterations, max_loss = 0.01, 2, 1.4, 2, 15.0
outputs_dict = dict(
    [
        (layer.name, layer.output)
        for layer in [net.get_layer(name) for name in layer_settings.keys()]
    ]
)
feature_extractor = keras.Model(inputs=net.inputs, outputs=outputs_dict)


def compute_loss(input_image):
    features = feature_extractor(input_image)
    loss = tf.zeros(shape=())
    for name in features.keys():
        coeff = layer_settings[name]
        activation = features[name]
        scaling = tf.reduce_prod(tf.cast(tf.shape(activation), "float32"))
        loss += coeff * tf.reduce_sum(tf.square(activation[:, 2:-2, 2:-2, :])) / scaling
    return loss


def gradient_ascent_step(img, learning_rate):
    with tf.GradientTape() as tape:
        tape.watch(img)
        loss = compute_loss(img)
    grads = tape.gradient(loss, img)
    grads /= tf.maximum(tf.reduce_mean(tf.abs(grads)), 1e-6)
    img += learning_rate * grads
    return loss, img


def gradient_ascent_loop(img, iterations, learning_rate, max_loss=None):
    for i in range(iterations):
        loss, img = gradient_ascent_step(img, learning_rate)
        if max_loss is not None and loss > max_loss:
            break
        print("... Loss value at step %d: %.2f" % (i, loss))
    return img


original_img = preprocess_image("base.png").numpy() / 127.5
original_shape = original_img.shape[1:3]
successive_shapes = [original_shape]
for i in range(1, num_octave):
    shape = tuple([int(dim / (octave_scale**i)) for dim in original_shape])
    successive_shapes.append(shape)
successive_shapes = successive_shapes[::-1]
shrunk_original_img = tf.image.resize(original_img, successive_shapes[0])
img = tf.identity(original_img)
for i, shape in enumerate(successive_shapes):
    img = tf.image.resize(img, shape)
    img = gradient_ascent_loop(img, iterations=iterations, learning_rate=step, max_loss=max_loss)
    upscaled_shrunk_original_img = tf.image.resize(shrunk_original_img, shape)
    same_size_original = tf.image.resize(original_img, shape)
    lost_detail = same_size_original - upscaled_shrunk_original_img
    img += lost_detail
    shrunk_original_img = tf.image.resize(original_img, shape)
keras.preprocessing.image.save_img("dream.png", deprocess_image(img.numpy().copy()))
assert img.shape == original_img.shape


# filters
layer = net.get_layer(name="block5_conv2")
feature_extractor = keras.Model(inputs=net.inputs, outputs=layer.output)


def compute_loss(input_image, filter_index):
    activation = feature_extractor(input_image)
    filter_activation = activation[:, 2:-2, 2:-2, filter_index]
    return tf.reduce_mean(filter_activation)


@tf.function
def gradient_ascent_step(img, filter_index, learning_rate):
    with tf.GradientTape() as tape:
        tape.watch(img)
        loss = compute_loss(img, filter_index)
    grads = tape.gradient(loss, img)
    grads = tf.math.l2_normalize(grads)
    img += learning_rate * grads
    return loss, img


img = (tf.random.uniform((1, 30, 30, 3)) - 0.5) * 0.25
first = None
for iteration in range(5):
    loss, img = gradient_ascent_step(img, 3, 10.0)
    first = loss if first is None else first
assert loss.numpy() >= first.numpy()


# Grad-CAM
def make_gradcam_heatmap(img_array, model, last_conv_layer_name, pred_index=None):
    grad_model = tf.keras.models.Model(
        [model.inputs], [model.get_layer(last_conv_layer_name).output, model.output]
    )
    with tf.GradientTape() as tape:
        last_conv_layer_output, preds = grad_model(img_array)
        if pred_index is None:
            pred_index = tf.argmax(preds[0])
        class_channel = preds[:, pred_index]
    grads = tape.gradient(class_channel, last_conv_layer_output)
    pooled_grads = tf.reduce_mean(grads, axis=(0, 1, 2))
    last_conv_layer_output = last_conv_layer_output[0]
    heatmap = last_conv_layer_output @ pooled_grads[..., tf.newaxis]
    heatmap = tf.squeeze(heatmap)
    heatmap = tf.maximum(heatmap, 0) / tf.math.reduce_max(heatmap)
    return heatmap.numpy()


img_array = rng.rand(1, 24, 24, 3).astype("float32")
net.layers[-1].activation = None
preds = net.predict(img_array)
heatmap = make_gradcam_heatmap(img_array, net, "block5_conv2")
assert heatmap.shape == (6, 6) and heatmap.max() > 0
heatmap = np.uint8(255 * np.nan_to_num(heatmap))
jet = cm.get_cmap("jet") if hasattr(cm, "get_cmap") else __import__("matplotlib").colormaps["jet"]
jet_colors = jet(np.arange(256))[:, :3]
jet_heatmap = keras.preprocessing.image.array_to_img(jet_colors[heatmap])
jet_heatmap = keras.preprocessing.image.img_to_array(jet_heatmap.resize((24, 24)))
# two-model variant
last_conv_layer = net.get_layer("block5_conv2")
last_conv_layer_model = keras.Model(net.inputs, last_conv_layer.output)
classifier_input = keras.Input(shape=last_conv_layer.output.shape[1:])
x = classifier_input
for layer_name in [l.name for l in net.layers[-2:]]:
    x = net.get_layer(layer_name)(x)
classifier_model = keras.Model(classifier_input, x)
with tf.GradientTape() as tape:
    last_conv_layer_output = last_conv_layer_model(img_array)
    tape.watch(last_conv_layer_output)
    preds = classifier_model(last_conv_layer_output)
    top_pred_index = tf.argmax(preds[0])
    top_class_channel = preds[:, top_pred_index]
grads = tape.gradient(top_class_channel, last_conv_layer_output)
pooled = tf.reduce_mean(grads, axis=(0, 1, 2)).numpy()
lo = last_conv_layer_output.numpy()[0]
for i in range(pooled.shape[-1]):
    lo[:, :, i] *= pooled[i]
assert np.mean(lo, axis=-1).shape == (6, 6)


# integrated gradients
def get_gradients(img_input, top_pred_idx):
    images = tf.cast(img_input, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(images)
        preds = net(images)
        top_class = preds[:, top_pred_idx]
    grads = tape.gradient(top_class, images)
    return grads


def get_integrated_gradients(img_input, top_pred_idx, baseline=None, num_steps=50):
    if baseline is None:
        baseline = np.zeros((1, 24, 24, 3)).astype(np.float32)
    else:
        baseline = baseline.astype(np.float32)
    img_input = img_input.astype(np.float32)
    interpolated_image = [
        baseline + (step / num_steps) * (img_input - baseline) for step in range(num_steps + 1)
    ]
    interpolated_image = np.array(interpolated_image).astype(np.float32)
    grads = []
    for i, img in enumerate(interpolated_image):
        grad = get_gradients(img, top_pred_idx=top_pred_idx)
        grads.append(grad[0])
    grads = tf.convert_to_tensor(grads, dtype=tf.float32)
    grads = (grads[:-1] + grads[1:]) / 2.0
    avg_grads = tf.reduce_mean(grads, axis=0)
    return (img_input - baseline) * avg_grads


ig = get_integrated_gradients(img_array, 2, num_steps=8)
gap = float(tf.reduce_sum(ig)) - float(net(img_array)[0, 2] - net(np.zeros_like(img_array))[0, 2])
assert abs(gap) < 0.02, gap
