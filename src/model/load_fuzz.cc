// A GGUF file of any content is an error or a model; a small model computes.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"
#include "model/load.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fullstop;
  try {
    const GgufFile file =
        GgufFile::Parse(std::as_bytes(std::span(data, size)), "fuzz.gguf");
    const auto model = LoadModel(file, {.context_length = 8, .threads = 1});
    std::vector<Row> rows(3);
    for (int32_t i = 0; i < 3; ++i) {
      rows[static_cast<size_t>(i)] = {
          .position = i, .want = Want::kTopLogits, .top_k = 2};
    }
    model->Forward(rows, Phase::kPrefill);
    rows.resize(1);
    rows[0].position = 3;
    model->Forward(rows, Phase::kDecode);
  } catch (const Error&) {
  }
  return 0;
}
