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

// The rows of a tensor, wherever its pieces lie; one matrix at a time where
// they are computed. One thread.
class Rows {
 public:
  Rows(const ModelTensor& tensor, uint64_t columns)
      : tensor_(tensor),
        bytes_(RowBytes(tensor.type, columns).value()),
        count_(tensor.size() / bytes_) {}

  uint64_t bytes() const { return bytes_; }
  uint64_t count() const { return count_; }

  const std::byte* At(uint64_t row) {
    if (tensor_.make) {
      const uint64_t rows = count_ / tensor_.matrices();
      if (made_.empty() || matrix_ != row / rows) {
        matrix_ = row / rows;
        made_ = tensor_.make(matrix_);
      }
      return made_.data() + row % rows * bytes_;
    }
    size_t piece = 0;
    while (row >= tensor_.pieces[piece].size() / bytes_) {
      row -= tensor_.pieces[piece++].size() / bytes_;
    }
    return tensor_.pieces[piece].data() + row * bytes_;
  }
  // The rows from FIRST on will not be read again.
  void Forget(uint64_t first, uint64_t count) {
    if (!tensor_.make) ForgetPages({At(first), count * bytes_});
  }

 private:
  const ModelTensor& tensor_;
  uint64_t bytes_;
  uint64_t count_;
  uint64_t matrix_ = 0;
  std::vector<std::byte> made_;
};

void PassOn(std::span<const std::byte> bytes, const ByteSink& sink) {
  while (!bytes.empty()) {
    const auto part = bytes.first(std::min<uint64_t>(bytes.size(), kPiece));
    sink(part);
    bytes = bytes.subspan(part.size());
  }
}

void StreamAsIs(const ModelTensor& tensor, const ByteSink& sink) {
  if (tensor.make) {
    for (uint64_t i = 0; i < tensor.matrices(); ++i) {
      PassOn(tensor.make(i), sink);
    }
  }
  for (const std::span<const std::byte> piece : tensor.pieces) {
    PassOn(piece, [&sink](std::span<const std::byte> part) {
      sink(part);
      ForgetPages(part);
    });
  }
}

}  // namespace

uint64_t ReorderedRow(uint64_t i, uint64_t length, bool to_halves) {
  const uint64_t within = i % length;
  const uint64_t half = length / 2;
  if (to_halves) return i - within + within % half * 2 + within / half;
  return i - within + within % 2 * half + within / 2;
}

bool MustBeF32(const ModelTensor& tensor) {
  if (tensor.shape.size() < 2 || !tensor.name.ends_with(".weight")) return true;
  return std::ranges::any_of(kAlwaysF32, [&](std::string_view suffix) {
    return tensor.name.ends_with(suffix);
  });
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
      return tensor.narrow.value_or(tensor.type);
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
                  const ByteSink& sink) {
  const bool reordered = layout.reordered_heads != 0;
  // The rows of a vector are its elements, where they change places.
  const uint64_t columns =
      tensor.shape.empty() || (reordered && tensor.shape.size() == 1)
          ? 1
          : tensor.shape[0];
  if (tensor.size() == 0) return;
  if (!reordered && layout.type == tensor.type) {
    return StreamAsIs(tensor, sink);
  }
  Rows rows(tensor, columns);
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
    if (!reordered) rows.Forget(first, end - first);
  }
  if (!reordered) return;
  for (const std::span<const std::byte> piece : tensor.pieces) {
    ForgetPages(piece);
  }
}

}  // namespace fullstop
