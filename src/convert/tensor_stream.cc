#include "convert/tensor_stream.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "format/dequantize.h"
#include "format/quantize.h"
#include "format/quote.h"

namespace fullstop {
namespace {

constexpr uint64_t kPiece = 1 << 20;

constexpr std::array<std::pair<std::string_view, OutType>, 5> kOutTypes = {
    {{"auto", OutType::kAuto},
     {"f32", OutType::kF32},
     {"f16", OutType::kF16},
     {"bf16", OutType::kBF16},
     {"q8_0", OutType::kQ8_0}}};

// Matrices that llama.cpp reads as F32 alone.
constexpr std::array<std::string_view, 5> kAlwaysF32 = {
    "_norm.weight", "ffn_gate_inp.weight", "ssm_conv1d.weight",
    "shortconv.conv.weight", "ffn_gate_inp_shexp.weight"};

bool IsPlainFloat(TensorType type) {
  return type == TensorType::kF32 || type == TensorType::kF16 ||
         type == TensorType::kBF16;
}

bool MustBeF32(const ModelTensor& tensor) {
  if (tensor.shape.size() < 2 || !tensor.name.ends_with(".weight")) return true;
  return std::ranges::any_of(kAlwaysF32, [&](std::string_view suffix) {
    return tensor.name.ends_with(suffix);
  });
}

// The rows of a tensor, wherever its pieces lie.
class Rows {
 public:
  Rows(const ModelTensor& tensor, uint64_t columns)
      : bytes_(RowBytes(tensor.type, columns).value()),
        pieces_(tensor.pieces),
        mapped_(!tensor.pieces.empty()) {
    if (mapped_) return;
    made_ = tensor.make();
    pieces_ = {made_};
  }

  uint64_t bytes() const { return bytes_; }
  uint64_t count() const {
    uint64_t count = 0;
    for (const auto piece : pieces_) count += piece.size() / bytes_;
    return count;
  }
  const std::vector<std::span<const std::byte>>& pieces() const {
    return pieces_;
  }
  const std::byte* At(uint64_t row) const {
    size_t piece = 0;
    while (row >= pieces_[piece].size() / bytes_) {
      row -= pieces_[piece++].size() / bytes_;
    }
    return pieces_[piece].data() + row * bytes_;
  }
  void Forget(std::span<const std::byte> bytes) const {
    if (mapped_) ForgetPages(bytes);
  }

 private:
  uint64_t bytes_;
  std::vector<std::span<const std::byte>> pieces_;
  bool mapped_;
  std::vector<std::byte> made_;
};

void StreamAsIs(const Rows& rows, const GgufTensorSink& sink) {
  for (std::span<const std::byte> piece : rows.pieces()) {
    while (!piece.empty()) {
      const auto part = piece.first(std::min<uint64_t>(piece.size(), kPiece));
      sink(part);
      rows.Forget(part);
      piece = piece.subspan(part.size());
    }
  }
}

}  // namespace

uint64_t ReorderedRow(uint64_t i, uint64_t length, bool to_halves) {
  const uint64_t within = i % length;
  const uint64_t half = length / 2;
  if (to_halves) return i - within + within % half * 2 + within / half;
  return i - within + within % 2 * half + within / 2;
}

OutType ParseOutType(std::string_view name) {
  std::string known;
  for (const auto& [each, type] : kOutTypes) {
    if (each == name) return type;
    known += (known.empty() ? "" : ", ") + std::string(each);
  }
  throw Error::Usage("there is no type " + QuoteName(name) + " to write")
      .Advice("one of " + known);
}

TensorType WrittenType(const ModelTensor& tensor, OutType out) {
  if (!IsPlainFloat(tensor.type)) return tensor.type;
  if (MustBeF32(tensor)) return TensorType::kF32;
  switch (out) {
    case OutType::kAuto:
      return tensor.type;
    case OutType::kF32:
      return TensorType::kF32;
    case OutType::kF16:
      return TensorType::kF16;
    case OutType::kBF16:
      return TensorType::kBF16;
    case OutType::kQ8_0:
      return RowBytes(TensorType::kQ8_0, tensor.shape[0]) ? TensorType::kQ8_0
                                                          : TensorType::kF16;
  }
  return tensor.type;
}

void StreamTensor(const ModelTensor& tensor, const TensorLayout& layout,
                  const GgufTensorSink& sink) {
  const bool reordered = layout.reordered_heads != 0;
  // The rows of a vector are its elements, where they change places.
  const uint64_t columns =
      tensor.shape.empty() || (reordered && tensor.shape.size() == 1)
          ? 1
          : tensor.shape[0];
  if (tensor.size() == 0) return;
  const Rows rows(tensor, columns);
  if (!reordered && layout.type == tensor.type) return StreamAsIs(rows, sink);
  const uint64_t count = rows.count();
  uint64_t head = 0;
  if (reordered) {
    head = count / layout.reordered_heads;
    if (head * layout.reordered_heads != count || head % 2 != 0) {
      throw Error::Format("tensor " + QuoteName(tensor.name) + " has " +
                          std::to_string(count) + " rows for " +
                          std::to_string(layout.reordered_heads) + " heads");
    }
  }
  const uint64_t at_once =
      std::clamp<uint64_t>(kPiece / (columns * sizeof(float)), 1, count);
  const uint64_t row_bytes = RowBytes(layout.type, columns).value();
  std::vector<float> weights(columns);
  std::vector<std::byte> out(at_once * row_bytes);
  for (uint64_t first = 0; first < count; first += at_once) {
    const uint64_t end = std::min(count, first + at_once);
    for (uint64_t i = first; i < end; ++i) {
      const std::byte* from =
          rows.At(reordered ? ReorderedRow(i, head, layout.to_halves) : i);
      std::byte* to = out.data() + (i - first) * row_bytes;
      if (layout.type == tensor.type) {
        std::memcpy(to, from, row_bytes);
        continue;
      }
      Dequantize(tensor.type, from, weights.data(), columns);
      Quantize(layout.type, weights.data(), to, columns);
    }
    sink(std::span(out).first((end - first) * row_bytes));
    if (!reordered) rows.Forget({rows.At(first), (end - first) * rows.bytes()});
  }
  if (!reordered) return;
  for (const std::span<const std::byte> piece : rows.pieces()) {
    rows.Forget(piece);
  }
}

}  // namespace fullstop
