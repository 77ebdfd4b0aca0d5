// Decodes standard input, a row of the tensor type whose GGUF number is the
// argument, into float32 on standard output. For tests/oracles/dequantize.py.

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "format/dequantize.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto type = static_cast<fullstop::TensorType>(std::atoi(argv[1]));
  const fullstop::TensorTraits& traits = fullstop::Traits(type);
  const std::string row((std::istreambuf_iterator<char>(std::cin)),
                        std::istreambuf_iterator<char>());
  std::vector<float> weights(row.size() / traits.block_bytes *
                             traits.block_length);
  fullstop::Dequantize(type, reinterpret_cast<const std::byte*>(row.data()),
                       weights.data(), weights.size());
  const size_t written =
      std::fwrite(weights.data(), sizeof(float), weights.size(), stdout);
  return written == weights.size() ? 0 : 1;
}
