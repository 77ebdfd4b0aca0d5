# CMAKE generated file: DO NOT EDIT!
# Timestamp file for compiler generated dependencies management for format_tensor_type_test.
