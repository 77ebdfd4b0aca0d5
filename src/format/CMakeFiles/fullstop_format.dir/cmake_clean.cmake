file(REMOVE_RECURSE
  "CMakeFiles/fullstop_format.dir/dequantize.cc.o"
  "CMakeFiles/fullstop_format.dir/dequantize.cc.o.d"
  "CMakeFiles/fullstop_format.dir/file_kind.cc.o"
  "CMakeFiles/fullstop_format.dir/file_kind.cc.o.d"
  "CMakeFiles/fullstop_format.dir/gguf.cc.o"
  "CMakeFiles/fullstop_format.dir/gguf.cc.o.d"
  "CMakeFiles/fullstop_format.dir/gguf_part.cc.o"
  "CMakeFiles/fullstop_format.dir/gguf_part.cc.o.d"
  "CMakeFiles/fullstop_format.dir/gguf_split.cc.o"
  "CMakeFiles/fullstop_format.dir/gguf_split.cc.o.d"
  "CMakeFiles/fullstop_format.dir/gguf_writer.cc.o"
  "CMakeFiles/fullstop_format.dir/gguf_writer.cc.o.d"
  "CMakeFiles/fullstop_format.dir/streamed_file.cc.o"
  "CMakeFiles/fullstop_format.dir/streamed_file.cc.o.d"
  "CMakeFiles/fullstop_format.dir/tensor_type.cc.o"
  "CMakeFiles/fullstop_format.dir/tensor_type.cc.o.d"
  "libfullstop_format.a"
  "libfullstop_format.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang CXX)
  include(CMakeFiles/fullstop_format.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
