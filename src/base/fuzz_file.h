// For fuzz targets: a file in memory.
#ifndef FULLSTOP_BASE_FUZZ_FILE_H_
#define FULLSTOP_BASE_FUZZ_FILE_H_

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace fullstop {

// Lives as long as the object. Not for several threads.
class FuzzFile {
 public:
  FuzzFile() : fd_(memfd_create("fuzz", 0)) {
    if (fd_ < 0) std::abort();
  }
  FuzzFile(const FuzzFile&) = delete;
  FuzzFile& operator=(const FuzzFile&) = delete;
  ~FuzzFile() { close(fd_); }

  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

  // DATA becomes the whole content.
  void Write(const uint8_t* data, size_t size) const {
    if (ftruncate(fd_, 0) != 0) std::abort();
    if (pwrite(fd_, data, size, 0) != static_cast<ssize_t>(size)) std::abort();
  }

 private:
  int fd_;
};

}  // namespace fullstop

#endif  // FULLSTOP_BASE_FUZZ_FILE_H_
