# Empty compiler generated dependencies file for format_half_test.
# This may be replaced when dependencies are built.
