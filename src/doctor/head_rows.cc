#include "doctor/head_rows.h"

#include "base/error.h"
#include "format/dequantize.h"
#include "model/architectures.h"

namespace fullstop {
namespace {

const ModelTensor* HeadOf(const ModelFile& model) {
  for (const char* name : {"output.weight", "token_embd.weight"}) {
    if (const ModelTensor* tensor = model.FindTensor(name)) return tensor;
  }
  return nullptr;
}

}  // namespace

ModelFile OpenModelFile(const Target& target) {
  const Vocabulary& vocabulary = target.vocabulary();
  return vocabulary.gguf() != nullptr ? ModelFile(*vocabulary.gguf())
                                      : ReadModelFolder(*vocabulary.folder());
}

HeadRows::HeadRows(const Target& target)
    : model_(std::make_unique<const ModelFile>(OpenModelFile(target))),
      head_(HeadOf(*model_)) {
  if (head_ == nullptr || head_->shape.size() != 2 ||
      head_->pieces.size() != 1) {
    throw Error::Unsupported("the file has no output head to read rows of")
        .In(target.path());
  }
  columns_ = head_->shape[0];
  rows_ = head_->shape[1];
}

std::vector<float> HeadRows::Row(size_t id) const {
  const uint64_t bytes = RowBytes(head_->type, columns_).value();
  std::vector<float> row(columns_);
  Dequantize(head_->type, head_->pieces[0].subspan(id * bytes, bytes).data(),
             row.data(), columns_);
  return row;
}

}  // namespace fullstop
