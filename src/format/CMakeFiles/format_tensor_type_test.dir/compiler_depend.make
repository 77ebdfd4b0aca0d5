# Empty compiler generated dependencies file for format_tensor_type_test.
# This may be replaced when dependencies are built.
