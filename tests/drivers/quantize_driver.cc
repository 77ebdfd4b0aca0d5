// Encodes float32 weights from standard input as the tensor type whose GGUF
// number is the argument, to standard output. For tests/oracles/quantize.py.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "format/quantize.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto type = static_cast<fullstop::TensorType>(std::atoi(argv[1]));
  const std::string text((std::istreambuf_iterator<char>(std::cin)),
                         std::istreambuf_iterator<char>());
  std::vector<float> weights(text.size() / sizeof(float));
  std::memcpy(weights.data(), text.data(), weights.size() * sizeof(float));
  std::vector<std::byte> out(fullstop::RowBytes(type, weights.size()).value());
  fullstop::Quantize(type, weights.data(), out.data(), weights.size());
  return std::fwrite(out.data(), 1, out.size(), stdout) == out.size() ? 0 : 1;
}
