// Single rows of a model's output head: the weights that decide how likely each
// token is.
#ifndef FULLSTOP_DOCTOR_HEAD_ROWS_H_
#define FULLSTOP_DOCTOR_HEAD_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "doctor/target.h"
#include "model/model_file.h"

namespace fullstop {

// The weights of TARGET, a model, which must outlive the object. Throws Error:
// what HfFolder::OpenWeights and ReadModelFolder throw.
ModelFile OpenModelFile(const Target& target);

// Maps the weights and reads a row when it is asked for, nothing else.
// Immutable; any number of threads may read.
class HeadRows {
 public:
  // The head of TARGET, which must outlive the object; the token embedding
  // where they are one. Throws Error: what HfFolder::OpenWeights and
  // ReadModelFolder throw, kUnsupported where no file maps the rows as they
  // are.
  explicit HeadRows(const Target& target);

  size_t size() const { return rows_; }
  // Row ID, dequantised; ID is below size().
  std::vector<float> Row(size_t id) const;

 private:
  std::unique_ptr<const ModelFile> model_;
  const ModelTensor* head_;
  size_t rows_;
  size_t columns_;
};

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_HEAD_ROWS_H_
