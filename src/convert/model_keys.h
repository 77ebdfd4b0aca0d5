// The keys of a GGUF file that say what the model is and how it is built.
#ifndef FULLSTOP_CONVERT_MODEL_KEYS_H_
#define FULLSTOP_CONVERT_MODEL_KEYS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "format/gguf.h"
#include "format/gguf_writer.h"
#include "format/hf_folder.h"
#include "format/tensor_type.h"

namespace fullstop {

// VALUE in the types that other programs ask for: whole numbers of 32 bits
// (where they hold it), floats of 32 bits.
GgufValue NarrowGgufValue(const GgufValue& value);

// What a person calls the model in FOLDER: `org/name` out of a cache of
// Hugging Face's hub, else the folder's name.
std::string ModelName(const HfFolder& folder);

// `license`, `license_name` and `license_link` of the README.md in FOLDER;
// empty where it does not say.
struct ModelLicense {
  std::string id;
  std::string name;
  std::string link;
};
ModelLicense ReadLicense(const HfFolder& folder);

// general.name and general.license*.
void AddDescription(const HfFolder& folder, GgufWriter* writer);

// llama.cpp's number for a file whose matrices are mostly of TYPE
// (general.file_type); nullopt where it has none.
std::optional<uint32_t> GgufFileType(TensorType type);

}  // namespace fullstop

#endif  // FULLSTOP_CONVERT_MODEL_KEYS_H_
