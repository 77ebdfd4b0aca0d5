#include "format/gguf_writer.h"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/error.h"
#include "format/quote.h"

namespace fullstop {
namespace {

constexpr std::string_view kAlignmentKey = "general.alignment";

template <typename T>
  requires std::is_arithmetic_v<T>
void AppendNumber(T number, std::string* out) {
  static_assert(std::endian::native == std::endian::little);
  out->append(reinterpret_cast<const char*>(&number), sizeof(number));
}

void AppendString(std::string_view text, std::string* out) {
  AppendNumber<uint64_t>(text.size(), out);
  *out += text;
}

void AppendArray(const GgufArray& array, int depth, std::string* out);

// What ELEMENT, a value or an element of an array, is without its type.
template <typename T>
void AppendElement(const T& element, int depth, std::string* out) {
  if constexpr (std::is_same_v<T, std::string_view>) {
    AppendString(element, out);
  } else if constexpr (std::is_same_v<T, GgufArray>) {
    AppendArray(element, depth, out);
  } else if constexpr (std::is_same_v<T, GgufValue>) {
    const auto* inner = std::get_if<GgufArray>(&element.value);
    if (inner == nullptr) {
      throw Error::Usage("an array of arrays holds " + GgufTypeName(element));
    }
    AppendArray(*inner, depth + 1, out);
  } else if constexpr (std::is_same_v<T, bool>) {
    AppendNumber<uint8_t>(element ? 1 : 0, out);
  } else {
    AppendNumber(element, out);
  }
}

void AppendArray(const GgufArray& array, int depth, std::string* out) {
  if (depth == 2) throw Error::Usage("arrays nest at most two deep");
  AppendNumber(static_cast<uint32_t>(array.index()), out);
  std::visit(
      [depth, out]<typename T>(const std::vector<T>& elements) {
        AppendNumber<uint64_t>(elements.size(), out);
        for (size_t i = 0; i < elements.size(); ++i) {
          AppendElement<T>(elements[i], depth, out);
        }
      },
      array);
}

uint64_t PaddingBehind(uint64_t size, uint64_t alignment) {
  return -size & (alignment - 1);
}

std::span<const std::byte> AsBytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

void WritePadding(uint64_t count, const ByteSink& sink) {
  static constexpr std::array<std::byte, 4096> kZeros = {};
  while (count > 0) {
    const uint64_t piece = std::min<uint64_t>(count, kZeros.size());
    sink(std::span(kZeros).first(piece));
    count -= piece;
  }
}

}  // namespace

void GgufWriter::Add(std::string_view key, const GgufValue& value) {
  const std::string quoted = "key " + QuoteName(key);
  if (key.empty()) throw Error::Usage("a key without a name");
  if (keys_.contains(std::string(key))) {
    throw Error::Usage(quoted + " is given twice");
  }
  if (key == kAlignmentKey) {
    const uint32_t* alignment = std::get_if<uint32_t>(&value.value);
    if (alignment == nullptr || !std::has_single_bit(*alignment)) {
      throw Error::Usage(quoted + " is not a uint32 power of two");
    }
    alignment_ = *alignment;
  }
  std::string entry;
  AppendString(key, &entry);
  AppendNumber(static_cast<uint32_t>(value.value.index()), &entry);
  std::visit([&](const auto& x) { AppendElement(x, 0, &entry); }, value.value);
  entries_ += entry;
  keys_.emplace(key);
  ++entry_count_;
}

void GgufWriter::AddTensor(std::string_view name, TensorType type,
                           std::span<const uint64_t> shape, ByteSource source) {
  const std::string quoted = "tensor " + QuoteName(name);
  const std::optional<uint64_t> size = TensorBytes(type, shape);
  if (!size) {
    throw Error::Usage(quoted + " has a shape that type " +
                       std::string(TensorTypeName(type)) + " can't have");
  }
  if (!names_.emplace(name).second) {
    throw Error::Usage(quoted + " is given twice");
  }
  std::string description;
  AppendString(name, &description);
  AppendNumber(static_cast<uint32_t>(shape.size()), &description);
  for (const uint64_t dimension : shape) AppendNumber(dimension, &description);
  AppendNumber(static_cast<uint32_t>(type), &description);
  descriptions_.push_back(std::move(description));
  tensors_.push_back({std::string(name), *size, std::move(source)});
}

void GgufWriter::AddTensor(std::string_view name, TensorType type,
                           std::span<const uint64_t> shape,
                           std::span<const std::byte> data) {
  AddTensor(name, type, shape, [data](const ByteSink& sink) { sink(data); });
}

std::string GgufWriter::Header() const {
  std::string header = "GGUF";
  AppendNumber<uint32_t>(3, &header);
  AppendNumber<uint64_t>(tensors_.size(), &header);
  AppendNumber<uint64_t>(entry_count_, &header);
  header += entries_;
  uint64_t offset = 0;
  for (size_t i = 0; i < tensors_.size(); ++i) {
    header += descriptions_[i];
    AppendNumber(offset, &header);
    offset += tensors_[i].size + PaddingBehind(tensors_[i].size, alignment_);
  }
  return header;
}

void GgufWriter::WriteTo(const ByteSink& sink) const {
  const std::string header = Header();
  sink(AsBytes(header));
  if (!tensors_.empty()) {
    WritePadding(PaddingBehind(header.size(), alignment_), sink);
  }
  for (const Tensor& tensor : tensors_) {
    PassExactly(tensor.source, tensor.size, "tensor " + QuoteName(tensor.name),
                sink);
    WritePadding(PaddingBehind(tensor.size, alignment_), sink);
  }
}

void GgufWriter::WriteFile(const std::string& path) const {
  WriteFileInPieces(path, [this](const ByteSink& sink) { WriteTo(sink); });
}

std::string GgufWriter::ToString() const {
  std::string content;
  WriteTo([&content](std::span<const std::byte> bytes) {
    content.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  });
  return content;
}

}  // namespace fullstop
