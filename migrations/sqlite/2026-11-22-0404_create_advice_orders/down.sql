DROP TABLE advice_orders;
