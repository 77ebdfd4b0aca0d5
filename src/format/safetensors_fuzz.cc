// Parses the bytes as a file, and as an index; touches what either holds.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

#include "base/error.h"
#include "format/safetensors.h"
#include "format/safetensors_index.h"

namespace {

using fullstop::Error;
using fullstop::SafetensorsSet;
using fullstop::SafetensorsTensor;

void ParseFile(std::span<const std::byte> bytes) {
  const SafetensorsSet set = SafetensorsSet::Parse(bytes, "fuzz");
  size_t covered = 0;
  for (const SafetensorsTensor& tensor : set.tensors()) {
    if (set.Find(tensor.name) != &tensor) std::abort();
    if (fullstop::SafetensorsBytes(tensor.type, tensor.shape) !=
        tensor.data.size()) {
      std::abort();
    }
    volatile uint8_t touched = 0;
    for (const std::byte byte : tensor.data) {
      touched = static_cast<uint8_t>(byte);
    }
    static_cast<void>(touched);
    covered += tensor.data.size();
  }
  if (covered > bytes.size()) std::abort();
}

void ParseIndex(std::string_view text) {
  const auto index = fullstop::ReadSafetensorsIndex(text, "fuzz");
  for (const auto& entry : index.entries) {
    if (index.Find(entry.tensor) != &entry) std::abort();
    if (index.files.at(entry.file).find('/') != std::string::npos) std::abort();
  }
}

template <typename Call>
void AllowError(Call call) {
  try {
    call();
  } catch (const Error& error) {
    if (error.file() != "fuzz") std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  AllowError([&] { ParseFile(std::as_bytes(std::span(data, size))); });
  AllowError([&] { ParseIndex({reinterpret_cast<const char*>(data), size}); });
  return 0;
}
