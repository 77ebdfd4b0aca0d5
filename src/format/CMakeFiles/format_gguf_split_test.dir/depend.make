# Empty dependencies file for format_gguf_split_test.
# This may be replaced when dependencies are built.
