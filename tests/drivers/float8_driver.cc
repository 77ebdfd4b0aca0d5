// Reads FP8 or MXFP4 weights from standard input and writes floats to standard
// output, for tests/oracles/float8.py:
//   float8_driver TYPE                          every byte a number
//   float8_driver TYPE ROWS COLUMNS BLOCK       rows, then float32 scales
//   float8_driver MXFP4                         16 bytes and a scale, each
//   block

#include <cstdio>
#include <iostream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "format/dequantize.h"
#include "format/safetensors_values.h"

namespace {

using namespace fullstop;

std::vector<float> Mxfp4(std::span<const std::byte> input) {
  const size_t count = input.size() / 17;
  std::vector<BlockMXFP4> blocks(count);
  RepackMxfp4(input.first(16 * count), input.subspan(16 * count),
              blocks.data());
  std::vector<float> out(32 * count);
  Dequantize(TensorType::kMXFP4,
             reinterpret_cast<const std::byte*>(blocks.data()), out.data(),
             out.size());
  return out;
}

std::vector<float> Blocks(SafetensorsType type, char** sizes,
                          std::span<const std::byte> input) {
  const uint64_t rows = std::stoull(sizes[0]);
  const uint64_t columns = std::stoull(sizes[1]);
  const uint64_t block = std::stoull(sizes[2]);
  const uint64_t down = (rows + block - 1) / block;
  const uint64_t across = (columns + block - 1) / block;
  const Fp8Weight weight = MakeFp8Weight(
      {"w", type, {rows, columns}, input.first(rows * columns), 0, 0},
      {"s",
       SafetensorsType::kF32,
       {down, across},
       input.subspan(rows * columns),
       0,
       0},
      {block, block});
  std::vector<float> out(rows * columns);
  DequantizeFp8(weight, 0, rows, out.data());
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string text((std::istreambuf_iterator<char>(std::cin)),
                         std::istreambuf_iterator<char>());
  const auto input = std::as_bytes(std::span(text));
  const std::string name = argc > 1 ? argv[1] : "";
  std::vector<float> out;
  if (name == "MXFP4") {
    out = Mxfp4(input);
  } else if (argc == 5) {
    out = Blocks(*ParseSafetensorsType(name), argv + 2, input);
  } else {
    out.resize(input.size());
    SafetensorsToFloat(*ParseSafetensorsType(name), input.data(), out.data(),
                       out.size());
  }
  const size_t written =
      std::fwrite(out.data(), sizeof(float), out.size(), stdout);
  return written == out.size() ? 0 : 1;
}
