#include "tokenizer/file_spec.h"

#include "tokenizer/json_file.h"
#include "tokenizer/json_spec.h"

namespace fullstop {

TokenizerSpec TokenizerSpecFromFile(const std::string& path) {
  return TokenizerSpecFromJson(JsonFile::Open(path));
}

}  // namespace fullstop
