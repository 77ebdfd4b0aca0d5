file(REMOVE_RECURSE
  "CMakeFiles/format_tensor_type_test.dir/tensor_type_test.cc.o"
  "CMakeFiles/format_tensor_type_test.dir/tensor_type_test.cc.o.d"
  "format_tensor_type_test"
  "format_tensor_type_test.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang CXX)
  include(CMakeFiles/format_tensor_type_test.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
