"""Generated posts with drawn images, and the facts behind them.

Every phrase of a post can be found, and it is known where: in the text, in words that the image shows, in what the
image shows, or only between the two. The demo, the tests and the load tests draw from here. No statement about real
posts follows from figures measured on these.
"""

from mmkp_core.data.demo.facts import DemoPost, Picture, demo_facts
from mmkp_core.data.demo.spec import DemoSpec
from mmkp_core.data.demo.writing import DemoWritten, write_demo

__all__ = ["DemoPost", "DemoSpec", "DemoWritten", "Picture", "demo_facts", "write_demo"]
