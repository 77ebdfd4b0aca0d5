# CMake generated Testfile for 
# Source directory: /tmp/w-format/top/src/format
# Build directory: /tmp/w-format/top/src/format
# 
# This file includes the relevant testing commands required for 
# testing this directory and lists subdirectories to be tested as well.
include("/tmp/w-format/top/src/format/format_dequantize_test[1]_include.cmake")
include("/tmp/w-format/top/src/format/format_file_kind_test[1]_include.cmake")
include("/tmp/w-format/top/src/format/format_gguf_damage_test[1]_include.cmake")
include("/tmp/w-format/top/src/format/format_gguf_memory_test[1]_include.cmake")
include("/tmp/w-format/top/src/format/format_gguf_split_test[1]_include.cmake")
include("/tmp/w-format/top/src/format/format_gguf_test[1]_include.cmake")
include("/tmp/w-format/top/src/format/format_gguf_writer_test[1]_include.cmake")
include("/tmp/w-format/top/src/format/format_half_test[1]_include.cmake")
include("/tmp/w-format/top/src/format/format_tensor_type_test[1]_include.cmake")
