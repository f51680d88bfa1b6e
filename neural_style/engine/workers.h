// A thread pool whose threads share the units of each pass.
#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "kernels/kernel.h"
#include "memory.h"

namespace engine {

struct Cancelled : std::exception {
    const char* what() const noexcept override { return "the painting was cancelled"; }
};

class Workers {
public:
    using Work = std::function<void(int item, Scratch& scratch)>;

    // `threads` counts the thread that calls `run`, which must be the one that constructs this.
    // Fewer threads work if the system refuses to start more.
    Workers(const Kernel& kernel, int threads, const std::atomic<bool>& is_cancelled);
    ~Workers();
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    // Do `work` for items 0..count - 1 and wait until all are done. The first exception of an item
    // stops the remaining items and is rethrown here.
    void run(int count, const Work& work);

    // Throw `Cancelled` if the painting was cancelled. Work calls this every few milliseconds.
    void check() const {
        if (is_cancelled_) throw Cancelled{};
    }

private:
    void serve(Scratch& scratch);
    void take_items(Scratch& scratch);

    const Kernel& kernel_;
    const std::atomic<bool>& is_cancelled_;
    std::vector<Scratch> scratches_;
    std::vector<std::thread> threads_;

    std::mutex mutex_;
    std::condition_variable started_, stopped_;
    const Work* work_ = nullptr;
    int count_ = 0;
    // Written under the mutex; read without it by threads that spin before they sleep.
    std::atomic<long long> round_{0};  // calls of `run`
    std::atomic<int> busy_{0};         // threads that have not finished this round
    std::atomic<bool> is_closing_{false};
    std::atomic<int> next_item_{0};
    std::exception_ptr error_;
};

}  // namespace engine
