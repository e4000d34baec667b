"""Every name that keras.backend had in Keras 2.2.4 and has in tf_keras 2.21 stands for something."""

from __future__ import annotations

import operator
import subprocess
import sys

import numpy as np
import pytest

from kerata import backend as K
from kerata.legacy.backend import REFUSED, TABLE

KERAS_2_2_4 = """
Function abs all any arange argmax argmin backend batch_dot batch_flatten batch_get_value
batch_normalization batch_set_value bias_add binary_crossentropy cast cast_to_floatx
categorical_crossentropy clear_session clip concatenate constant conv1d conv2d conv2d_transpose
conv3d conv3d_transpose cos count_params ctc_batch_cost ctc_decode ctc_label_dense_to_sparse
cumprod cumsum depthwise_conv2d dot dropout dtype elu epsilon equal eval exp expand_dims eye
flatten floatx foldl foldr function gather get_session get_uid get_value get_variable_shape
gradients greater greater_equal hard_sigmoid identity image_data_format image_dim_ordering
in_test_phase in_top_k in_train_phase int_shape is_keras_tensor is_placeholder is_sparse
is_tensor l2_normalize learning_phase less less_equal local_conv1d local_conv2d log logsumexp
manual_variable_initialization map_fn max maximum mean min minimum moving_average_update ndim
normalize_batch_in_training normalize_data_format not_equal one_hot ones ones_like
permute_dimensions placeholder pool2d pool3d pow print_tensor prod random_binomial
random_normal random_normal_variable random_uniform random_uniform_variable relu repeat
repeat_elements reset_uids reshape resize_images resize_volumes reverse rnn round
separable_conv1d separable_conv2d set_epsilon set_floatx set_image_data_format
set_image_dim_ordering set_learning_phase set_session set_value shape sigmoid sign sin slice
softmax softplus softsign sparse_categorical_crossentropy spatial_2d_padding spatial_3d_padding
sqrt square squeeze stack std stop_gradient sum switch tanh temporal_padding tile to_dense
transpose truncated_normal update update_add update_sub var variable zeros zeros_like
"""

TF_KERAS_2_21 = """
abs all any arange argmax argmin backend batch_dot batch_flatten batch_get_value
batch_normalization batch_set_value bias_add binary_crossentropy binary_focal_crossentropy cast
cast_to_floatx categorical_crossentropy categorical_focal_crossentropy clear_session clip
concatenate constant conv1d conv2d conv2d_transpose conv3d cos count_params ctc_batch_cost
ctc_decode ctc_label_dense_to_sparse cumprod cumsum depthwise_conv2d dot dropout dtype elu
epsilon equal eval exp expand_dims experimental.disable_tf_random_generator
experimental.enable_tf_random_generator experimental.is_tf_random_generator_enabled eye flatten
floatx foldl foldr function gather get_uid get_value gradients greater greater_equal
hard_sigmoid image_data_format in_test_phase in_top_k in_train_phase int_shape is_keras_tensor
is_sparse l2_normalize learning_phase learning_phase_scope less less_equal local_conv1d
local_conv2d log manual_variable_initialization map_fn max maximum mean min minimum
moving_average_update name_scope ndim normalize_batch_in_training not_equal one_hot ones
ones_like permute_dimensions placeholder pool2d pool3d pow print_tensor prod random_bernoulli
random_binomial random_normal random_normal_variable random_uniform random_uniform_variable
relu repeat repeat_elements reset_uids reshape resize_images resize_volumes reverse rnn round
separable_conv2d set_epsilon set_floatx set_image_data_format set_learning_phase set_value
shape sigmoid sign sin softmax softplus softsign sparse_categorical_crossentropy
spatial_2d_padding spatial_3d_padding sqrt square squeeze stack std stop_gradient sum switch
tanh temporal_padding tile to_dense transpose truncated_normal update update_add update_sub var
variable zeros zeros_like
"""

SINCE = "is_variable random_bernoulli identity logsumexp is_tensor normalize_data_format"


@pytest.mark.parametrize(
    "name", sorted({*KERAS_2_2_4.split(), *TF_KERAS_2_21.split(), *SINCE.split()})
)
def test_name(name: str) -> None:
    found = operator.attrgetter(name)(K)
    assert callable(found)
    assert (found.__doc__ or "").strip()


def test_numbers_of_names() -> None:
    assert len(KERAS_2_2_4.split()) == 156
    assert len(TF_KERAS_2_21.split()) == 150


def test_nothing_listed_is_refused() -> None:
    assert not set(REFUSED) & {*KERAS_2_2_4.split(), *TF_KERAS_2_21.split()}
    assert set(REFUSED) <= set(TABLE)
    for name in REFUSED:
        with pytest.raises(Exception, match="Kerata has no"):
            getattr(K, name)(np.eye(2))


def test_imported_by_name() -> None:
    from kerata.backend import epsilon, int_shape, mean

    assert float(mean([1.0, 2.0])) == 1.5
    assert epsilon() == 1e-7
    assert int_shape(np.ones((2, 3))) == (2, 3)


def test_where_keras_2_kept_them() -> None:
    assert K.tensorflow_backend is K


def test_a_mistyped_name_gets_the_closest() -> None:
    with pytest.raises(AttributeError, match="Did you mean 'placeholder'"):
        K.placehodler  # noqa: B018
    with pytest.raises(AttributeError, match="Did you mean 'clear_session'"):
        K.clear_sesion  # noqa: B018
    with pytest.raises(AttributeError, match="several engines"):
        K.tf  # noqa: B018


def test_modern_use_imports_nothing_of_it() -> None:
    code = """
import sys
from kerata import backend as K
K.clear_session(); K.epsilon(); K.floatx()
print([m for m in sys.modules if "legacy" in m])
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
