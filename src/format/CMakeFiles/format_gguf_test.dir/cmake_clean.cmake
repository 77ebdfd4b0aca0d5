file(REMOVE_RECURSE
  "CMakeFiles/format_gguf_test.dir/gguf_test.cc.o"
  "CMakeFiles/format_gguf_test.dir/gguf_test.cc.o.d"
  "format_gguf_test"
  "format_gguf_test.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang CXX)
  include(CMakeFiles/format_gguf_test.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
