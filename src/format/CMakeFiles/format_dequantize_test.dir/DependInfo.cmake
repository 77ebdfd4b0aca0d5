
# Consider dependencies only in project.
set(CMAKE_DEPENDS_IN_PROJECT_ONLY OFF)

# The set of languages for which implicit dependencies are needed:
set(CMAKE_DEPENDS_LANGUAGES
  )

# The set of dependency files which are needed:
set(CMAKE_DEPENDS_DEPENDENCY_FILES
  "/tmp/w-format/top/src/format/dequantize_test.cc" "src/format/CMakeFiles/format_dequantize_test.dir/dequantize_test.cc.o" "gcc" "src/format/CMakeFiles/format_dequantize_test.dir/dequantize_test.cc.o.d"
  )

# Targets to which this target links.
set(CMAKE_TARGET_LINKED_INFO_FILES
  "/tmp/w-format/top/src/format/CMakeFiles/fullstop_format.dir/DependInfo.cmake"
  "/tmp/w-format/top/src/base/CMakeFiles/fullstop_base.dir/DependInfo.cmake"
  )

# Fortran module output directory.
set(CMAKE_Fortran_TARGET_MODULE_DIR "")
