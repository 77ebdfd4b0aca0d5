# Empty compiler generated dependencies file for format_file_kind_test.
# This may be replaced when dependencies are built.
