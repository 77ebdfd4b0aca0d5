file(REMOVE_RECURSE
  "CMakeFiles/format_dequantize_test.dir/dequantize_test.cc.o"
  "CMakeFiles/format_dequantize_test.dir/dequantize_test.cc.o.d"
  "format_dequantize_test"
  "format_dequantize_test.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang CXX)
  include(CMakeFiles/format_dequantize_test.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
