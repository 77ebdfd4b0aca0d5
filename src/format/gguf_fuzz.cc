// Parses the bytes, touches every value by every accessor, decodes the first
// block of each tensor, and writes the file again: what was read must be
// written and read to the same bytes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "format/dequantize.h"
#include "format/gguf.h"
#include "format/gguf_writer.h"

namespace {

using fullstop::Error;
using fullstop::GgufEntry;
using fullstop::GgufFile;
using fullstop::GgufTensor;

// Keeps the reads from being optimised away.
volatile uint64_t sink = 0;

template <typename Call>
void AllowError(Call call) {
  try {
    call();
  } catch (const Error& error) {
    sink = sink + error.message().size();
  }
}

void TouchEntry(const GgufFile& file, const GgufEntry& entry) {
  if (file.Find(entry.key) != &entry.value) std::abort();
  sink = sink + fullstop::GgufTypeName(entry.value).size();
  AllowError([&] {
    const std::string_view text = *file.GetString(entry.key);
    for (const char c : text) sink = sink + static_cast<unsigned char>(c);
  });
  AllowError([&] { sink = sink + (*file.GetInteger(entry.key) != 0); });
  AllowError([&] { sink = sink + (*file.GetFloat(entry.key) > 0); });
  AllowError([&] { sink = sink + *file.GetBool(entry.key); });
  AllowError([&] { sink = sink + file.GetIntegers(entry.key)->size(); });
  AllowError([&] { sink = sink + file.GetFloats(entry.key)->size(); });
  AllowError([&] {
    const std::span<const std::string_view> texts = *file.GetStrings(entry.key);
    for (const std::string_view text : texts) {
      if (!text.empty()) sink = sink + static_cast<unsigned char>(text.back());
    }
  });
}

void TouchTensor(const GgufFile& file, const GgufTensor& tensor) {
  if (file.FindTensor(tensor.name) != &tensor) std::abort();
  if (tensor.data.empty()) return;
  sink = sink + static_cast<uint8_t>(tensor.data.back());
  const size_t length = fullstop::Traits(tensor.type).block_length;
  std::vector<float> weights(length);
  AllowError([&] {
    fullstop::Dequantize(tensor.type, tensor.data.data(), weights.data(),
                         length);
    sink = sink + (weights.back() > 0);
  });
}

std::string Rewrite(const GgufFile& file) {
  fullstop::GgufWriter writer;
  for (const GgufEntry& entry : file.entries()) {
    writer.Add(entry.key, entry.value);
  }
  for (const GgufTensor& tensor : file.tensors()) {
    writer.AddTensor(tensor.name, tensor.type, tensor.shape, tensor.data);
  }
  return writer.ToString();
}

GgufFile Parse(const std::string& bytes) {
  return GgufFile::Parse(std::as_bytes(std::span(bytes)), "rewritten");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  AllowError([&] {
    const GgufFile file =
        GgufFile::Parse(std::as_bytes(std::span(data, size)), "fuzz");
    for (const GgufEntry& entry : file.entries()) TouchEntry(file, entry);
    for (const GgufTensor& tensor : file.tensors()) TouchTensor(file, tensor);
    // A large alignment would only write large gaps.
    if (file.GetInteger("general.alignment").value_or(32) > 4096) return;
    const std::string once = Rewrite(file);
    const GgufFile again = Parse(once);
    if (again.tensors().size() != file.tensors().size()) std::abort();
    if (Rewrite(again) != once) std::abort();
  });
  return 0;
}
