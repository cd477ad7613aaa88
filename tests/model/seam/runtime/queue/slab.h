/* The memory of tasks, for the model tests: stands in front of runtime/queue/slab.h. A model allocates nothing. */
#ifndef ROVEI_QUEUE_SLAB_H
#define ROVEI_QUEUE_SLAB_H

struct rovei_slab {
};

#endif
