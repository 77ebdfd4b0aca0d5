file(REMOVE_RECURSE
  "CMakeFiles/format_file_kind_test.dir/file_kind_test.cc.o"
  "CMakeFiles/format_file_kind_test.dir/file_kind_test.cc.o.d"
  "format_file_kind_test"
  "format_file_kind_test.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang CXX)
  include(CMakeFiles/format_file_kind_test.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
