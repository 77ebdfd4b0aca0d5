# Empty dependencies file for format_gguf_damage_test.
# This may be replaced when dependencies are built.
