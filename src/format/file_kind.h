// What foreign bytes seem to be, for the error that refuses them.
#ifndef FULLSTOP_FORMAT_FILE_KIND_H_
#define FULLSTOP_FORMAT_FILE_KIND_H_

#include <cstddef>
#include <span>
#include <string>

namespace fullstop {

struct FileKind {
  // With its article ("an HTML page"); "something unknown" where nothing fits.
  std::string what;
  // How to get a model instead: a sentence without a full stop.
  std::string advice;
  // Whether it stands for a file that was not fetched.
  bool is_pointer = false;
};

// A guess from the first bytes (and the length) of a file that is not GGUF.
FileKind GuessFileKind(std::span<const std::byte> bytes);

}  // namespace fullstop

#endif  // FULLSTOP_FORMAT_FILE_KIND_H_
