# Empty compiler generated dependencies file for format_dequantize_test.
# This may be replaced when dependencies are built.
