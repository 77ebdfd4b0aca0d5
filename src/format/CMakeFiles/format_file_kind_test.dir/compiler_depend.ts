# CMAKE generated file: DO NOT EDIT!
# Timestamp file for compiler generated dependencies management for format_file_kind_test.
