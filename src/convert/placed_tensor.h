// One tensor of a folder, put together of those of a GGUF file.
#ifndef FULLSTOP_CONVERT_PLACED_TENSOR_H_
#define FULLSTOP_CONVERT_PLACED_TENSOR_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/byte_sink.h"
#include "model/folder_rules.h"
#include "model/model_file.h"

namespace fullstop {

struct PlacedPart {
  const ModelTensor* tensor;
  TensorPlace place;
  // See RotaryHeads; 0: rows stand as in the folder.
  uint64_t heads = 0;
  // Of a stacked tensor only this one.
  std::optional<uint64_t> expert = std::nullopt;
};

// Views the tensors of its parts, which must outlive it. One thread.
class PlacedTensor {
 public:
  // NAME is the folder's, PATH that of the file, for errors.
  PlacedTensor(std::string name, std::string path);

  void Add(const PlacedPart& part) { parts_.push_back(part); }
  // Call it once, before what is below. Throws Error (kFormat) where the parts
  // don't fill a tensor of the folder.
  void Check();

  const std::string& name() const { return name_; }
  // Outermost first; of MXFP4 columns are blocks.
  const std::vector<uint64_t>& shape() const { return shape_; }
  // That of all parts; F32 where they have several.
  TensorType type() const;
  // No part of it is a matrix of weights.
  bool IsSmall() const;
  NumberChange change() const { return parts_[0].place.change; }

  uint64_t matrices() const { return matrices_; }
  // As the parts have them: change() is not taken back.
  std::vector<std::byte> Matrix(TensorType type, uint64_t matrix) const;
  std::vector<float> Values() const;
  // The data in TYPE, matrix by matrix.
  void Stream(TensorType type, const ByteSink& sink) const;

 private:
  [[noreturn]] void Fail(const std::string& what) const;
  // The matrix of a part that goes into the folder's MATRIX, at STACKED in it.
  ModelTensor Slice(const PlacedPart& part, uint64_t matrix) const;
  void SetShape();
  bool IsWhole() const;

  std::string name_;
  std::string path_;
  std::vector<PlacedPart> parts_;
  // Of one matrix; of those below each other (TensorPlace::stacked) one.
  MatrixSize size_{0, 0};
  uint64_t matrices_ = 1;
  uint64_t stacked_ = 1;
  std::vector<uint64_t> shape_;
};

}  // namespace fullstop

#endif  // FULLSTOP_CONVERT_PLACED_TENSOR_H_
