file(REMOVE_RECURSE
  "CMakeFiles/format_half_test.dir/half_test.cc.o"
  "CMakeFiles/format_half_test.dir/half_test.cc.o.d"
  "format_half_test"
  "format_half_test.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang CXX)
  include(CMakeFiles/format_half_test.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
