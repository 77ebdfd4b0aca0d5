file(REMOVE_RECURSE
  "CMakeFiles/format_gguf_writer_test.dir/gguf_writer_test.cc.o"
  "CMakeFiles/format_gguf_writer_test.dir/gguf_writer_test.cc.o.d"
  "format_gguf_writer_test"
  "format_gguf_writer_test.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang CXX)
  include(CMakeFiles/format_gguf_writer_test.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
