
# Consider dependencies only in project.
set(CMAKE_DEPENDS_IN_PROJECT_ONLY OFF)

# The set of languages for which implicit dependencies are needed:
set(CMAKE_DEPENDS_LANGUAGES
  )

# The set of dependency files which are needed:
set(CMAKE_DEPENDS_DEPENDENCY_FILES
  "/tmp/w-format/top/src/format/dequantize.cc" "src/format/CMakeFiles/fullstop_format.dir/dequantize.cc.o" "gcc" "src/format/CMakeFiles/fullstop_format.dir/dequantize.cc.o.d"
  "/tmp/w-format/top/src/format/file_kind.cc" "src/format/CMakeFiles/fullstop_format.dir/file_kind.cc.o" "gcc" "src/format/CMakeFiles/fullstop_format.dir/file_kind.cc.o.d"
  "/tmp/w-format/top/src/format/gguf.cc" "src/format/CMakeFiles/fullstop_format.dir/gguf.cc.o" "gcc" "src/format/CMakeFiles/fullstop_format.dir/gguf.cc.o.d"
  "/tmp/w-format/top/src/format/gguf_part.cc" "src/format/CMakeFiles/fullstop_format.dir/gguf_part.cc.o" "gcc" "src/format/CMakeFiles/fullstop_format.dir/gguf_part.cc.o.d"
  "/tmp/w-format/top/src/format/gguf_split.cc" "src/format/CMakeFiles/fullstop_format.dir/gguf_split.cc.o" "gcc" "src/format/CMakeFiles/fullstop_format.dir/gguf_split.cc.o.d"
  "/tmp/w-format/top/src/format/gguf_writer.cc" "src/format/CMakeFiles/fullstop_format.dir/gguf_writer.cc.o" "gcc" "src/format/CMakeFiles/fullstop_format.dir/gguf_writer.cc.o.d"
  "/tmp/w-format/top/src/format/streamed_file.cc" "src/format/CMakeFiles/fullstop_format.dir/streamed_file.cc.o" "gcc" "src/format/CMakeFiles/fullstop_format.dir/streamed_file.cc.o.d"
  "/tmp/w-format/top/src/format/tensor_type.cc" "src/format/CMakeFiles/fullstop_format.dir/tensor_type.cc.o" "gcc" "src/format/CMakeFiles/fullstop_format.dir/tensor_type.cc.o.d"
  )

# Targets to which this target links.
set(CMAKE_TARGET_LINKED_INFO_FILES
  "/tmp/w-format/top/src/base/CMakeFiles/fullstop_base.dir/DependInfo.cmake"
  )

# Fortran module output directory.
set(CMAKE_Fortran_TARGET_MODULE_DIR "")
