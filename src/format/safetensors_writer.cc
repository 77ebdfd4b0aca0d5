#include "format/safetensors_writer.h"

#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/error.h"
#include "format/quote.h"
#include "format/safetensors_part.h"

namespace fullstop {
namespace {

constexpr std::string_view kMetadata = "__metadata__";
// So that the data begin at a multiple of it.
constexpr size_t kHeaderAlignment = 8;

}  // namespace

void SafetensorsWriter::AddMetadata(std::string_view key,
                                    std::string_view value) {
  metadata_.insert_or_assign(std::string(key), std::string(value));
}

void SafetensorsWriter::AddTensor(std::string_view name, SafetensorsType type,
                                  std::span<const uint64_t> shape,
                                  ByteSource source) {
  const std::string quoted = "tensor " + QuoteName(name);
  const std::optional<uint64_t> size = SafetensorsBytes(type, shape);
  if (!size || shape.size() > kMaxSafetensorsDimensions) {
    throw Error::Usage(quoted + " has a shape that type " +
                       std::string(SafetensorsTypeName(type)) + " can't have");
  }
  if (name == kMetadata || !names_.emplace(name).second) {
    throw Error::Usage(quoted + " is given twice");
  }
  tensors_.push_back({std::string(name), type,
                      std::vector<uint64_t>(shape.begin(), shape.end()), *size,
                      std::move(source)});
}

std::string SafetensorsWriter::Header() const {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata_.empty()) header[std::string(kMetadata)] = metadata_;
  uint64_t begin = 0;
  for (const Tensor& tensor : tensors_) {
    header[tensor.name] = {{"dtype", SafetensorsTypeName(tensor.type)},
                           {"shape", tensor.shape},
                           {"data_offsets", {begin, begin + tensor.size}}};
    begin += tensor.size;
  }
  std::string text =
      header.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  text.resize((text.size() + kHeaderAlignment - 1) / kHeaderAlignment *
                  kHeaderAlignment,
              ' ');
  if (text.size() > kMaxSafetensorsHeader) {
    throw Error::Usage("more tensors than a safetensors file can describe");
  }
  const uint64_t size = text.size();
  std::string out(sizeof(size), '\0');
  std::memcpy(out.data(), &size, sizeof(size));
  return out + text;
}

void SafetensorsWriter::WriteTo(const ByteSink& sink) const {
  const std::string header = Header();
  sink(std::as_bytes(std::span(header)));
  for (const Tensor& tensor : tensors_) {
    PassExactly(tensor.source, tensor.size, "tensor " + QuoteName(tensor.name),
                sink);
  }
}

void SafetensorsWriter::WriteFile(const std::string& path) const {
  WriteFileInPieces(path, [this](const ByteSink& sink) { WriteTo(sink); });
}

std::string SafetensorsWriter::ToString() const {
  std::string content;
  WriteTo([&content](std::span<const std::byte> bytes) {
    content.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  });
  return content;
}

}  // namespace fullstop
