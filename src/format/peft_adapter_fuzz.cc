// Opens an adapter whose files are the lines of the input; of the weights a
// line is the header.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "base/error.h"
#include "format/fuzz_folder.h"
#include "format/peft_adapter.h"

namespace {

using fullstop::PeftAdapter;
using fullstop::PeftName;
using fullstop::PeftPart;

constexpr std::array<std::string_view, 5> kFiles = {
    "adapter_config.json", "adapter_model.safetensors", "adapter_model.bin",
    "adapter_model.safetensors.index.json", "model.safetensors"};

void Touch(const PeftAdapter& adapter) {
  for (const auto& tokens : adapter.config().tokens) {
    for (const int64_t id : tokens.ids) {
      volatile int64_t touched = id;
      static_cast<void>(touched);
    }
  }
  const fullstop::SafetensorsSet weights = adapter.OpenWeights();
  for (const auto& tensor : weights.tensors()) {
    const PeftName name = fullstop::ParsePeftName(tensor.name);
    if (name.module.size() > tensor.name.size()) std::abort();
    if (name.part == PeftPart::kLoraA &&
        tensor.name.find("lora_A") == std::string::npos) {
      std::abort();
    }
    const auto layer = fullstop::LayerOfModule(name.module);
    if (layer && *layer >= 1000000) std::abort();
  }
}

// What begins with "#" is the header of weights: before it goes its length,
// behind it as many zeros as a small tensor needs.
std::string File(std::string_view content) {
  if (!content.starts_with('#')) return std::string(content);
  content.remove_prefix(1);
  const uint64_t length = content.size();
  std::string file(sizeof(length), '\0');
  std::memcpy(file.data(), &length, sizeof(length));
  return file.append(content).append(64, '\0');
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const fullstop::FuzzFolder folder("peft_adapter_fuzz", kFiles);
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  folder.Fill(input, File);
  try {
    static_cast<void>(PeftAdapter::IsOne(folder.path()));
    Touch(PeftAdapter::Open(folder.path()));
  } catch (const fullstop::Error& error) {
    if (!error.file().starts_with(folder.path().string())) std::abort();
  }
  return 0;
}
