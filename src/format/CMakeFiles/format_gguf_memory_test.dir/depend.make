# Empty dependencies file for format_gguf_memory_test.
# This may be replaced when dependencies are built.
