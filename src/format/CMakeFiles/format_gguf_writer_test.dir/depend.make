# Empty dependencies file for format_gguf_writer_test.
# This may be replaced when dependencies are built.
